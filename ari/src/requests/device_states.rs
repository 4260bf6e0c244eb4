//! Device states that ARI controls, for the lamps of telephones.

use crate::model::{DeviceState, DeviceStateKind};
use crate::request::requests;

requests! {
    /// Lists the device states that ARI controls.
    GET "/deviceStates" List -> Vec<DeviceState> {}

    /// Reads the state of a device.
    GET "/deviceStates/{deviceName}" Get -> DeviceState {
        required {
            /// Name of the device, such as `Stasis:desk`.
            path device_name: String = "deviceName",
        }
    }

    /// Sets the state of a device that ARI controls, creating it if need be.
    PUT "/deviceStates/{deviceName}" Update -> () {
        required {
            /// Name of the device, such as `Stasis:desk`.
            path device_name: String = "deviceName",
            /// The state to set.
            query device_state: DeviceStateKind = "deviceState",
        }
    }

    /// Deletes a device state that ARI controls.
    DELETE "/deviceStates/{deviceName}" Delete -> () {
        required {
            /// Name of the device, such as `Stasis:desk`.
            path device_name: String = "deviceName",
        }
    }
}
