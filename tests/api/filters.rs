//! What a listing can be filtered by is what its document names, and nothing else.

use cadran_engine::model::Role;
use serde_json::Value;

use super::world::World;

#[tokio::test]
async fn a_filter_that_is_not_there_is_refused_with_those_that_are() {
    let world = World::new().await;
    let people = [world.signed_in(Role::Admin).await, world.signed_in(Role::PlatformAdmin).await];
    let document: Value = serde_json::to_value(cadran::http::document()).unwrap();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let parameters = methods["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let filters = parameters.iter().filter(|parameter| parameter["in"] == "query");
        let filters: Vec<&str> = filters.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        if filters.is_empty() || path.contains('{') {
            continue;
        }
        let token = &people[usize::from(path.starts_with("/api/platform/"))];
        let reply = world.call("GET", &format!("{path}?nonsense=1")).token(token).send().await;
        assert_eq!(reply.problem(), (400, "bad_query".to_owned()), "{path}");
        let told = reply.json()["detail"].as_str().unwrap().to_owned();
        for filter in filters {
            assert!(told.contains(&format!("`{filter}`")), "{path} does not name `{filter}`: {told}");
        }
        asked += 1;
    }
    assert!(asked > 25, "only {asked} listings were asked");
}
