//! Stasis applications: their subscriptions and event filters.

use crate::config::EventFilter;
use crate::model::Application;
use crate::request::requests;

requests! {
    /// Lists the Stasis applications that are registered.
    GET "/applications" List -> Vec<Application> {}

    /// Fetches one application, with what it is subscribed to.
    GET "/applications/{applicationName}" Get -> Application {
        required {
            /// Name of the application.
            path application_name: String = "applicationName",
        }
    }

    /// Subscribes an application to the events of channels, bridges, endpoints or devices.
    ///
    /// Sent by itself this lasts as long as the connection; [`Client::subscribe`](crate::Client::subscribe)
    /// also remembers it and repeats it after each reconnection.
    POST "/applications/{applicationName}/subscription" Subscribe -> Application {
        required {
            /// Name of the application.
            path application_name: String = "applicationName",
            /// What to listen to: `channel:ID`, `bridge:ID`, `endpoint:TECH/RESOURCE`, `deviceState:NAME`.
            query event_source: Vec<String> = "eventSource",
        }
    }

    /// Ends subscriptions of an application.
    DELETE "/applications/{applicationName}/subscription" Unsubscribe -> Application {
        required {
            /// Name of the application.
            path application_name: String = "applicationName",
            /// What to listen to: `channel:ID`, `bridge:ID`, `endpoint:TECH/RESOURCE`, `deviceState:NAME`.
            query event_source: Vec<String> = "eventSource",
        }
    }

    /// Chooses the event types that Asterisk sends to an application.
    ///
    /// [`Config::event_filter`](crate::Config::event_filter) applies one after each reconnection.
    PUT "/applications/{applicationName}/eventFilter" Filter -> Application {
        required {
            /// Name of the application.
            path application_name: String = "applicationName",
            /// The types to send or to hold back.
            content filter: EventFilter = "filter",
        }
    }
}
