//! What a further tenant works by: what the installation says, and places of its own.

use std::path::{Path, PathBuf};

use cadran_engine::model::Slug;

use super::{Config, Flows};

impl Config {
    /// The same for a tenant that is not the first. Its files lie in directories of its own, and what a person wrote
    /// down for the first tenant alone is left out: secrets of flows, hosts that they may ask, and FastAGI's port.
    #[must_use]
    pub fn of_tenant(&self, tenant: &Slug) -> Self {
        let own = |directory: &Path| directory.join("tenants").join(tenant.as_str());
        let below = |directory: &Option<PathBuf>| directory.as_deref().map(own);
        let mut config = self.clone();
        config.files.data = own(&self.files.data);
        config.files.recordings = below(&self.files.recordings);
        config.files.archive = below(&self.files.archive);
        config.files.sounds = below(&self.files.sounds);
        config.files.messages = below(&self.files.messages);
        config.asterisk.sounds = below(&self.asterisk.sounds);
        config.journal.directory = below(&self.journal.directory);
        if let Some(bucket) = &mut config.recordings.bucket {
            bucket.prefix = Some(format!("tenants/{tenant}"));
        }
        config.flows = Flows::default();
        config.fastagi = None;
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenants_files_lie_apart_wherever_the_installation_keeps_its_own() {
        let text = "asterisk = { url = \"http://127.0.0.1:8088\", user = \"cadran\", password = \"not-a-secret\" }\n\
                    files = { data = \"/var/lib/cadran\", archive = \"/big/archive\" }\n\
                    flows = { private_hosts = [\"crm.example\"] }\n";
        let config: Config = toml::from_str(text).unwrap();
        let acme = config.of_tenant(&"acme".parse().unwrap());
        assert_eq!(acme.files.data, Path::new("/var/lib/cadran/tenants/acme"));
        assert_eq!(acme.files.recordings(), Path::new("/var/lib/cadran/tenants/acme/recordings"));
        assert_eq!(acme.files.archive(), Path::new("/big/archive/tenants/acme"));
        assert!(acme.flows.private_hosts.is_empty() && acme.fastagi.is_none());
        assert_eq!(acme.asterisk.app, config.asterisk.app);
    }
}
