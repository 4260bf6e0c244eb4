//! The prompts that are installed.

use crate::model::Sound;
use crate::request::requests;

requests! {
    /// Lists the prompts that are installed.
    GET "/sounds" List -> Vec<Sound> {
        optional {
            /// Only prompts in this language.
            query lang: Option<String> = "lang",
            /// Only prompts in this format.
            query format: Option<String> = "format",
        }
    }

    /// Describes one prompt.
    GET "/sounds/{soundId}" Get -> Sound {
        required {
            /// Id of the prompt.
            path sound_id: String = "soundId",
        }
    }
}
