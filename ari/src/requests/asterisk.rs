//! The Asterisk process: dynamic configuration, information, modules, logs, global variables.

use crate::model::{AsteriskInfo, AsteriskPing, ConfigTuple, InfoPart, LogChannel, Module, Variable};
use crate::request::requests;

requests! {
    /// Reads a dynamic configuration object, such as a PJSIP endpoint.
    GET "/asterisk/config/dynamic/{configClass}/{objectType}/{id}" GetObject -> Vec<ConfigTuple> {
        required {
            /// The module that owns the object, such as `res_pjsip`.
            path config_class: String = "configClass",
            /// The type of the object, such as `endpoint` or `auth`.
            path object_type: String = "objectType",
            /// The id of the object.
            path id: String = "id",
        }
    }

    /// Creates or changes a dynamic configuration object.
    ///
    /// Objects are checked one by one: create the `aor` and `auth` before the `endpoint` that names them.
    PUT "/asterisk/config/dynamic/{configClass}/{objectType}/{id}" UpdateObject -> Vec<ConfigTuple> {
        required {
            /// The module that owns the object, such as `res_pjsip`.
            path config_class: String = "configClass",
            /// The type of the object, such as `endpoint` or `auth`.
            path object_type: String = "objectType",
            /// The id of the object.
            path id: String = "id",
            /// The attributes to set.
            body fields: Vec<ConfigTuple> = "fields",
        }
    }

    /// Deletes a dynamic configuration object.
    DELETE "/asterisk/config/dynamic/{configClass}/{objectType}/{id}" DeleteObject -> () {
        required {
            /// The module that owns the object, such as `res_pjsip`.
            path config_class: String = "configClass",
            /// The type of the object, such as `endpoint` or `auth`.
            path object_type: String = "objectType",
            /// The id of the object.
            path id: String = "id",
        }
    }

    /// Describes the running Asterisk: build, system, configuration and status.
    GET "/asterisk/info" Info -> AsteriskInfo {
        optional {
            /// The parts to fetch; all of them when empty.
            query only: Vec<InfoPart> = "only",
        }
    }

    /// Asks whether Asterisk is alive.
    GET "/asterisk/ping" Ping -> AsteriskPing {}

    /// Lists the modules that are loaded.
    GET "/asterisk/modules" ListModules -> Vec<Module> {}

    /// Describes one loaded module.
    GET "/asterisk/modules/{moduleName}" GetModule -> Module {
        required {
            /// File name of the module, such as `res_pjsip.so`.
            path module_name: String = "moduleName",
        }
    }

    /// Loads a module.
    POST "/asterisk/modules/{moduleName}" LoadModule -> () {
        required {
            /// File name of the module, such as `res_pjsip.so`.
            path module_name: String = "moduleName",
        }
    }

    /// Unloads a module.
    DELETE "/asterisk/modules/{moduleName}" UnloadModule -> () {
        required {
            /// File name of the module, such as `res_pjsip.so`.
            path module_name: String = "moduleName",
        }
    }

    /// Makes a module read its configuration again.
    PUT "/asterisk/modules/{moduleName}" ReloadModule -> () {
        required {
            /// File name of the module, such as `res_pjsip.so`.
            path module_name: String = "moduleName",
        }
    }

    /// Lists the log files and consoles that Asterisk writes to.
    GET "/asterisk/logging" ListLogChannels -> Vec<LogChannel> {}

    /// Opens a log channel.
    POST "/asterisk/logging/{logChannelName}" AddLog -> () {
        required {
            /// Name of the log channel, which is its file name.
            path log_channel_name: String = "logChannelName",
            /// The levels to log, such as `notice,warning,error`.
            query configuration: String = "configuration",
        }
    }

    /// Closes a log channel.
    DELETE "/asterisk/logging/{logChannelName}" DeleteLog -> () {
        required {
            /// Name of the log channel, which is its file name.
            path log_channel_name: String = "logChannelName",
        }
    }

    /// Rotates the file of a log channel.
    PUT "/asterisk/logging/{logChannelName}/rotate" RotateLog -> () {
        required {
            /// Name of the log channel, which is its file name.
            path log_channel_name: String = "logChannelName",
        }
    }

    /// Reads a global variable.
    GET "/asterisk/variable" GetVariable -> Variable {
        required {
            /// Name of the variable.
            query variable: String = "variable",
        }
    }

    /// Sets a global variable.
    POST "/asterisk/variable" SetVariable -> () {
        required {
            /// Name of the variable.
            query variable: String = "variable",
        }
        optional {
            /// The value; the variable is emptied without one.
            query value: Option<String> = "value",
        }
    }
}
