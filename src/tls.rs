//! TLS of a client: ring, and the root certificates of the machine or of `SSL_CERT_FILE`.

use std::io;
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::crypto::ring;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

/// Trusts the root certificates of the machine; to read them takes some 5 ms.
///
/// # Errors
/// If there is none.
pub(crate) fn with_native_roots() -> io::Result<ClientConfig> {
    Ok(builder()?.with_native_roots()?.with_no_client_auth())
}

/// Trusts nobody: for what is not encrypted.
pub(crate) fn without_roots() -> io::Result<ClientConfig> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn builder() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    builder.with_safe_default_protocol_versions().map_err(io::Error::other)
}
