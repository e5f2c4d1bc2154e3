//! `/v1/me/export`.

use std::sync::Arc;

use poem_openapi::OpenApi;

use super::{Archive, Exports};
use crate::{app::App, auth::Holder, error::Error, section::Section, users::read_one};

pub struct ExportApi {
    pub app: Arc<App>,
    pub exports: Exports,
}

#[OpenApi(tag = "Section::Accounts")]
impl ExportApi {
    /// Export one's data
    ///
    /// Everything that is kept of the acting user, as a ZIP archive: `profile.json` as the API tells it, and a JSON array
    /// for each list, newest first, of what they posted, reposted, commented, like, bookmarked, whom they follow, block,
    /// mute, who follows them, what they reported, and their log-ins. Who is suspended can have it too. It is written while it is sent; a list is as it is when its turn comes.
    /// An archive that is cut off has no directory at its end, and no program opens it. A few are made at a time; one more
    /// is `429 rate_limited`.
    #[oai(path = "/v1/me/export", method = "get", operation_id = "export_me")]
    async fn export_me(&self, holder: Holder) -> Result<Archive, Error> {
        let user = read_one(&mut &self.app.store, &holder.0.id, None).await?;
        self.exports.begin(Arc::clone(&self.app), user)
    }
}
