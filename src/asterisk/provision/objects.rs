//! The SIP objects that a trunk and an agent's account consist of.

use std::collections::BTreeSet;

use ari::ConfigTuple;
use cadran_engine::model::{PhoneKind, SipAccount, SipTrunk};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use tracing::warn;

use super::super::names::Names;
use super::ProvisionError;

/// The class that all of these kinds are reached under.
pub(super) const CONFIG_CLASS: &str = "res_pjsip";

/// The kinds of objects that a group can have, in the order of removal.
pub(super) const KINDS: [&str; 5] = ["registration", "identify", "auth", "aor", "endpoint"];

/// The attribute that carries the digest, behind what all names of the tenant begin with.
const ACCOUNT_CODE: &str = "accountcode";

/// The channel variable by which the dialplan knows whose calls those of a trunk are (`dialplan/extensions.conf`).
const APP_VARIABLE: &str = "CADRAN_APP";

/// Bytes of the digest that are kept: enough to tell two versions of a group apart.
const DIGEST_BYTES: usize = 12;

/// Longest name that PJSIP objects and the channels named after them carry without being cut.
const NAME_LENGTH_MAX: usize = 40;

/// Seconds between two questions whether a trunk or phone still answers.
const QUALIFY_SECONDS: &str = "10";

/// An attribute of an object. It may hold a password, so it has no `Debug`.
pub(super) struct Field {
    attribute: &'static str,
    value: String,
}

impl Field {
    /// The attribute as ARI takes it.
    pub(super) fn tuple(&self) -> ConfigTuple {
        ConfigTuple::new(self.attribute, self.value.clone())
    }
}

/// One SIP object.
pub(super) struct Object {
    /// Its kind, such as `aor`.
    pub(super) kind: &'static str,
    /// Its attributes.
    pub(super) fields: Vec<Field>,
}

impl Object {
    fn new<const N: usize>(kind: &'static str, fields: [(&'static str, &str); N]) -> Self {
        let mut object = Self { kind, fields: Vec::with_capacity(N) };
        for (attribute, value) in fields {
            object.set(attribute, value);
        }
        object
    }

    fn set(&mut self, attribute: &'static str, value: &str) {
        self.fields.push(Field { attribute, value: value.to_owned() });
    }
}

/// Everything that belongs to one trunk or account.
pub(super) struct Group {
    /// The name of each of its objects.
    pub(super) name: String,
    /// The objects in the order of creation: the endpoint last, with the digest of all.
    pub(super) objects: Vec<Object>,
}

/// Whose objects are written.
#[derive(Clone, Copy)]
pub(in crate::asterisk) struct Writing<'a> {
    pub(in crate::asterisk) names: &'a Names,
    /// The Stasis application.
    pub(in crate::asterisk) app: &'a str,
    /// The hosts whose calls are this tenant's.
    pub(in crate::asterisk) receiving: &'a BTreeSet<String>,
}

impl Writing<'_> {
    /// A carrier connection, known by the address that it sends from.
    pub(super) fn trunk(self, trunk: &SipTrunk) -> Result<Group, ProvisionError> {
        let name = self.names.trunk_endpoint(trunk.id);
        let checked = Checked(&name);
        let host = checked.host(&trunk.host)?;
        let codecs = checked.codecs(&trunk.codecs)?;
        let uri = format!("sip:{host}:{}", trunk.port);

        let mut objects =
            vec![Object::new("aor", [("contact", &*uri), ("qualify_frequency", QUALIFY_SECONDS)])];
        if self.receiving.contains(host) {
            objects.push(Object::new("identify", [("endpoint", &*name), ("match", host)]));
        } else {
            warn!(trunk.id = %trunk.id, "Another tenant has the calls of this trunk's address; it dials, and gets none");
        }
        let mut endpoint = Object::new(
            "endpoint",
            [
                ("context", "from-trunk"),
                ("transport", "transport-udp"),
                ("aors", &name),
                ("identify_by", "ip"),
                ("allow", &codecs),
                ("direct_media", "no"),
                ("rtp_symmetric", "yes"),
                ("send_pai", "yes"),
            ],
        );
        if let Some(app) = self.names.app_to_tell(self.app) {
            endpoint.set("set_var", &format!("{APP_VARIABLE}={app}"));
        }
        if let Some((user, secret)) = &trunk.credentials {
            let user = checked.line("user name", user)?;
            objects.push(credentials(user, checked.line("password", secret.expose_secret())?));
            endpoint.set("outbound_auth", &name);
            if trunk.register {
                let client = format!("sip:{user}@{host}:{}", trunk.port);
                objects.push(Object::new(
                    "registration",
                    [
                        ("transport", "transport-udp"),
                        ("server_uri", &*uri),
                        ("client_uri", &client),
                        ("contact_user", user),
                        ("outbound_auth", &name),
                    ],
                ));
            }
        }
        Ok(self.sealed(name, objects, endpoint))
    }

    /// An agent's phone, known by its user name and password.
    pub(super) fn account(self, account: &SipAccount) -> Result<Group, ProvisionError> {
        let checked = Checked(&account.name);
        checked.name()?;
        let name = self.names.account(&account.name);
        let secret = checked.line("password", account.secret.expose_secret())?;
        let objects = vec![
            credentials(&name, secret),
            Object::new(
                "aor",
                [("max_contacts", "1"), ("remove_existing", "yes"), ("qualify_frequency", QUALIFY_SECONDS)],
            ),
        ];
        let mut endpoint = Object::new(
            "endpoint",
            [
                ("context", "from-agent"),
                ("aors", &*name),
                ("auth", &name),
                ("identify_by", "username,auth_username"),
                ("direct_media", "no"),
                ("allow_subscribe", "no"),
            ],
        );
        match account.phone_kind {
            PhoneKind::Browser => {
                endpoint.set("webrtc", "yes");
                endpoint.set("dtls_auto_generate_cert", "yes");
                endpoint.set("allow", "!all,opus,alaw,ulaw");
            }
            PhoneKind::Sip => {
                endpoint.set("allow", "!all,alaw,ulaw");
                // Phones behind a router: answer where they speak from.
                endpoint.set("force_rport", "yes");
                endpoint.set("rewrite_contact", "yes");
                endpoint.set("rtp_symmetric", "yes");
            }
        }
        if let Some(mailbox) = account.mailbox {
            // Asterisk tells the phone of messages by itself (RFC 3842), as soon as it has registered.
            endpoint.set("mailboxes", &self.names.mailbox(mailbox));
        }
        Ok(self.sealed(name, objects, endpoint))
    }

    fn sealed(self, name: String, mut objects: Vec<Object>, endpoint: Object) -> Group {
        objects.push(endpoint);
        let mut group = Group { name, objects };
        let code = format!("{}{}", self.names.own(), group.digest());
        if let Some(endpoint) = group.objects.last_mut() {
            endpoint.set(ACCOUNT_CODE, &code);
        }
        group
    }
}

impl Group {
    /// Tells this version of the group from any other.
    ///
    /// It covers the passwords. Whoever can read it over ARI can read the passwords there as well.
    pub(super) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for object in &self.objects {
            hash.update(object.kind);
            for Field { attribute, value } in
                object.fields.iter().filter(|field| field.attribute != ACCOUNT_CODE)
            {
                hash.update(format!("\n{attribute}={}:{value}", value.len()));
            }
            hash.update("\n\n");
        }
        hash.finalize()[..DIGEST_BYTES].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The digest that an endpoint carries; none when the endpoint is not ours.
pub(super) fn digest_in(names: &Names, endpoint: &[ConfigTuple]) -> Option<String> {
    endpoint
        .iter()
        .find(|field| field.attribute == ACCOUNT_CODE)
        .and_then(|field| field.value.strip_prefix(names.own()))
        .map(str::to_owned)
}

fn credentials(user: &str, secret: &str) -> Object {
    Object::new("auth", [("auth_type", "userpass"), ("username", user), ("password", secret)])
}

/// Checks what goes into the configuration of the trunk or account of this name.
struct Checked<'a>(&'a str);

impl Checked<'_> {
    fn name(&self) -> Result<(), ProvisionError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let fits = (1..=NAME_LENGTH_MAX).contains(&self.0.len()) && self.0.bytes().all(plain);
        if !fits {
            return self
                .refuse(format!("its name must have 1 to {NAME_LENGTH_MAX} letters, digits, `-` or `_`"));
        }
        if self.0.starts_with("cadran-") || self.0.starts_with("cadran_") {
            return self.refuse(
                "names that begin with `cadran-` or `cadran_` are kept for trunks; choose another".to_owned(),
            );
        }
        Ok(())
    }

    fn host<'v>(&self, host: &'v str) -> Result<&'v str, ProvisionError> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if host.is_empty() || !host.bytes().all(plain) {
            return self.refuse(format!("`{host}` is not a host name or address"));
        }
        Ok(host)
    }

    /// The value of `allow`: these codecs in this order and no others.
    fn codecs(&self, codecs: &[String]) -> Result<String, ProvisionError> {
        let plain =
            |codec: &String| !codec.is_empty() && codec.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if codecs.is_empty() || !codecs.iter().all(plain) {
            return self.refuse("its codecs must be names such as `alaw`, at least one".to_owned());
        }
        Ok(format!("!all,{}", codecs.join(",")))
    }

    /// Text without control characters, which would end the line in SIP.
    fn line<'v>(&self, what: &str, text: &'v str) -> Result<&'v str, ProvisionError> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return self.refuse(format!("its {what} is empty or holds a control character"));
        }
        Ok(text)
    }

    fn refuse<T>(&self, problem: String) -> Result<T, ProvisionError> {
        Err(ProvisionError::Unusable { what: format!("`{}`", self.0), problem })
    }
}

#[cfg(test)]
mod tests {
    use cadran_engine::model::{AgentId, TrunkId};

    use std::sync::LazyLock;

    use super::*;

    /// The host of [`trunk`].
    static HOSTS: LazyLock<BTreeSet<String>> = LazyLock::new(|| ["127.0.0.2".to_owned()].into());

    fn write() -> Writing<'static> {
        static NAMES: LazyLock<Names> = LazyLock::new(Names::default);
        Writing { names: &NAMES, app: "cadran", receiving: &HOSTS }
    }

    fn trunk() -> SipTrunk {
        SipTrunk {
            id: TrunkId::from_i64(3),
            host: "127.0.0.2".into(),
            port: 5060,
            credentials: Some(("cadran".into(), "a long secret".into())),
            register: true,
            codecs: vec!["alaw".into(), "ulaw".into()],
        }
    }

    fn account(name: &str, phone_kind: PhoneKind) -> SipAccount {
        SipAccount {
            agent: AgentId::from_i64(7),
            name: name.into(),
            secret: "another secret".into(),
            phone_kind,
            mailbox: None,
        }
    }

    /// One line per object, attributes in the order in which they are pushed.
    fn shown(group: &Group) -> String {
        let line = |object: &Object| {
            let fields = object.fields.iter().filter(|field| field.attribute != ACCOUNT_CODE);
            let fields: Vec<_> = fields.map(|field| format!("{}={}", field.attribute, field.value)).collect();
            format!("{} {}: {}\n", object.kind, group.name, fields.join(" "))
        };
        group.objects.iter().map(line).collect()
    }

    #[test]
    fn a_trunk_that_registers_has_all_five_objects() {
        assert_eq!(
            shown(&write().trunk(&trunk()).unwrap()),
            "aor cadran-trk-3: contact=sip:127.0.0.2:5060 qualify_frequency=10\n\
             identify cadran-trk-3: endpoint=cadran-trk-3 match=127.0.0.2\n\
             auth cadran-trk-3: auth_type=userpass username=cadran password=a long secret\n\
             registration cadran-trk-3: transport=transport-udp server_uri=sip:127.0.0.2:5060 \
             client_uri=sip:cadran@127.0.0.2:5060 contact_user=cadran outbound_auth=cadran-trk-3\n\
             endpoint cadran-trk-3: context=from-trunk transport=transport-udp aors=cadran-trk-3 identify_by=ip \
             allow=!all,alaw,ulaw direct_media=no rtp_symmetric=yes send_pai=yes outbound_auth=cadran-trk-3\n"
        );
    }

    #[test]
    fn a_trunk_without_credentials_is_known_by_its_address_alone() {
        let group = write().trunk(&SipTrunk { credentials: None, ..trunk() }).unwrap();
        let kinds: Vec<_> = group.objects.iter().map(|object| object.kind).collect();
        assert_eq!(kinds, ["aor", "identify", "endpoint"]);
    }

    #[test]
    fn a_trunk_to_an_address_that_is_another_tenants_gets_no_calls() {
        let none = BTreeSet::new();
        let group = Writing { receiving: &none, ..write() }.trunk(&trunk()).unwrap();
        let kinds: Vec<_> = group.objects.iter().map(|object| object.kind).collect();
        assert_eq!(kinds, ["aor", "auth", "registration", "endpoint"]);
    }

    #[test]
    fn a_browser_phone_speaks_webrtc() {
        let group = shown(&write().account(&account("ada", PhoneKind::Browser)).unwrap());
        assert!(
            group.contains("webrtc=yes dtls_auto_generate_cert=yes allow=!all,opus,alaw,ulaw"),
            "{group}"
        );
        assert!(group.contains("aor ada: max_contacts=1 remove_existing=yes"), "{group}");
        let desk = shown(&write().account(&account("ada", PhoneKind::Sip)).unwrap());
        assert!(!desk.contains("webrtc"), "{desk}");
    }

    #[test]
    fn another_tenants_objects_say_whose_they_are() {
        let names = Names::of("acme".parse().unwrap());
        let write = Writing { names: &names, app: "cadran_acme", receiving: &HOSTS };
        let trunk = write.trunk(&trunk()).unwrap();
        let text = shown(&trunk);
        assert!(text.contains("endpoint cadran_acme_trk-3: context=from-trunk"), "{text}");
        assert!(text.contains("set_var=CADRAN_APP=cadran_acme"), "{text}");
        let phone = shown(&write.account(&account("ada", PhoneKind::Sip)).unwrap());
        assert!(phone.contains("auth ada.acme: auth_type=userpass username=ada.acme"), "{phone}");
        let endpoint: Vec<_> = trunk.objects.last().unwrap().fields.iter().map(Field::tuple).collect();
        assert_eq!(digest_in(&names, &endpoint), Some(trunk.digest()));
        assert_eq!(digest_in(&Names::default(), &endpoint), None, "the first tenant leaves it alone");
    }

    #[test]
    fn the_digest_is_in_the_endpoint_and_changes_with_any_value() {
        let group = write().trunk(&trunk()).unwrap();
        let endpoint: Vec<_> = group.objects.last().unwrap().fields.iter().map(Field::tuple).collect();
        assert_eq!(digest_in(&Names::default(), &endpoint), Some(group.digest()));
        assert_eq!(digest_in(&Names::default(), &[ConfigTuple::new("accountcode", "billing-7")]), None);

        let other = SipTrunk { credentials: Some(("cadran".into(), "a long secreT".into())), ..trunk() };
        assert_ne!(write().trunk(&other).unwrap().digest(), group.digest());
    }

    #[test]
    fn what_would_be_read_as_something_else_is_refused() {
        for name in
            ["", "a b", "a;b", "é", "cadran-trk-1", "cadran_acme_trk-1", "a.acme", "ada\r\n", &"a".repeat(41)]
        {
            assert!(write().account(&account(name, PhoneKind::Sip)).is_err(), "{name:?}");
        }
        for host in ["", "a b", "a>b", "sip.example.org;transport=tcp", "h\n"] {
            assert!(write().trunk(&SipTrunk { host: host.into(), ..trunk() }).is_err(), "{host:?}");
        }
        for codecs in [vec![], vec!["alaw,opus".to_owned()], vec!["!all".to_owned()]] {
            assert!(write().trunk(&SipTrunk { codecs, ..trunk() }).is_err());
        }
        let credentials = Some(("cadran".into(), "a\nb".into()));
        assert!(write().trunk(&SipTrunk { credentials, ..trunk() }).is_err());
    }
}
