//! Who sees a whole telephone number. The one rule, in one place.

use cadran_engine::model::{Phone, Role};

/// A number as somebody with this role sees it in a listing: whole for staff, its last digits for an agent. The
/// number of the call in hand, an agent sees whole: [`super::desk`] shows it.
pub(super) fn shown(phone: Phone, role: Role) -> String {
    match role {
        Role::Admin | Role::CampaignManager | Role::Supervisor => phone.e164(),
        Role::Agent => phone.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_sees_the_last_digits_only() {
        let phone: Phone = "+33199001234".parse().unwrap();
        assert_eq!(shown(phone, Role::Agent), "…34");
        assert_eq!(shown(phone, Role::CampaignManager), "+33199001234");
    }
}
