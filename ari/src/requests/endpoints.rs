//! Endpoints: the accounts and trunks that channels are made from.

use crate::model::{Endpoint, NewVariables};
use crate::request::requests;

requests! {
    /// Lists every endpoint.
    GET "/endpoints" List -> Vec<Endpoint> {}

    /// Sends a text message to a technology URI.
    PUT "/endpoints/sendMessage" SendMessage -> () {
        required {
            /// Who receives it, as a technology URI such as `pjsip:alice`.
            query to: String = "to",
            /// Who sends it, as a technology URI.
            query from: String = "from",
        }
        optional {
            /// Text of the message.
            query body: Option<String> = "body",
            /// Extra headers of the message, in the way of its technology.
            body variables: NewVariables = "variables",
        }
    }

    /// Asks an endpoint or URI to call somewhere (SIP REFER).
    POST "/endpoints/refer" Refer -> () {
        required {
            /// Who receives it, as a technology URI such as `pjsip:alice`.
            query to: String = "to",
            /// Who sends it, as a technology URI.
            query from: String = "from",
            /// Where to call, as an endpoint or URI.
            query refer_to: String = "refer_to",
        }
        optional {
            /// Whether the target is this Asterisk, which then takes the call itself.
            query to_self: Option<bool> = "to_self",
            /// Extra headers of the message, in the way of its technology.
            body variables: NewVariables = "variables",
        }
    }

    /// Lists the endpoints of one technology.
    GET "/endpoints/{tech}" ListByTechnology -> Vec<Endpoint> {
        required {
            /// Technology, such as `PJSIP`.
            path tech: String = "tech",
        }
    }

    /// Fetches one endpoint.
    GET "/endpoints/{tech}/{resource}" Get -> Endpoint {
        required {
            /// Technology, such as `PJSIP`.
            path tech: String = "tech",
            /// Name of the endpoint within its technology.
            path resource: String = "resource",
        }
    }

    /// Sends a text message to an endpoint.
    PUT "/endpoints/{tech}/{resource}/sendMessage" SendMessageToEndpoint -> () {
        required {
            /// Technology, such as `PJSIP`.
            path tech: String = "tech",
            /// Name of the endpoint within its technology.
            path resource: String = "resource",
            /// Who sends it, as a technology URI.
            query from: String = "from",
        }
        optional {
            /// Text of the message.
            query body: Option<String> = "body",
            /// Extra headers of the message, in the way of its technology.
            body variables: NewVariables = "variables",
        }
    }

    /// Asks one endpoint to call somewhere (SIP REFER).
    POST "/endpoints/{tech}/{resource}/refer" ReferToEndpoint -> () {
        required {
            /// Technology, such as `PJSIP`.
            path tech: String = "tech",
            /// Name of the endpoint within its technology.
            path resource: String = "resource",
            /// Who sends it, as a technology URI.
            query from: String = "from",
            /// Where to call, as an endpoint or URI.
            query refer_to: String = "refer_to",
        }
        optional {
            /// Whether the target is this Asterisk, which then takes the call itself.
            query to_self: Option<bool> = "to_self",
            /// Extra headers of the message, in the way of its technology.
            body variables: NewVariables = "variables",
        }
    }
}
