//! Who may sign in, and to what.

/// An application that signs people in by the provider: a confidential client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: String,
    pub secret: String,
    /// Where a code may be sent. Compared character by character.
    pub redirect_uris: Vec<String>,
    /// Where a person may be sent after signing out. Compared likewise.
    pub post_logout_redirect_uris: Vec<String>,
}

/// A person. There are no passwords: the sign-in page lists everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// What the sign-in page and `login_hint` call the person.
    pub login: String,
    pub name: String,
    pub email: String,
    /// The words in the roles claim.
    pub roles: Vec<String>,
}

/// How the provider is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderConfig {
    /// The issuer where it is not `http://` and the address of the listener.
    pub issuer: Option<String>,
    /// The claim of the ID token that carries the roles.
    pub roles_claim: String,
    pub clients: Vec<Client>,
    pub users: Vec<User>,
}

impl ProviderConfig {
    /// The sandbox's users, and one client.
    pub fn new(client: Client) -> Self {
        Self {
            issuer: None,
            roles_claim: "sluice_roles".to_owned(),
            clients: vec![client],
            users: User::all(),
        }
    }

    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(super) fn user(&self, login: &str) -> Option<&User> {
        self.users.iter().find(|user| user.login == login)
    }
}

impl User {
    /// One person for each role, a second operator, so that nobody has to
    /// agree with themselves, and one who may sign in and has no role.
    pub fn all() -> Vec<Self> {
        vec![
            Self::new("oda", "Oda Brandt", &["operator"]),
            Self::new("otto", "Otto Lindqvist", &["operator"]),
            Self::new("adam", "Adam Okafor", &["approver"]),
            Self::new("stella", "Stella Moreau", &["stakeholder"]),
            Self::new("vera", "Vera Kovács", &["viewer"]),
            Self::new("ada", "Ada Haddad", &["admin"]),
            Self::new("nora", "Nora Silva", &[]),
        ]
    }

    pub fn new(login: &str, name: &str, roles: &[&str]) -> Self {
        Self {
            login: login.to_owned(),
            name: name.to_owned(),
            email: format!("{login}@example.com"),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        }
    }

    /// The subject: stable, and nothing that a person would recognise.
    pub fn subject(&self) -> String {
        use rsa::sha2::{Digest, Sha256};
        hex::encode(&Sha256::digest(format!("sandbox user {}", self.login))[..12])
    }
}
