//! The key pair of this sidecar's actor.

use secrecy::{ExposeSecret, SecretString};

use super::{Store, StoreError};

/// An RSA key pair in PEM.
#[derive(Debug, Clone)]
pub struct ActorKeys {
    /// PKCS#8 PEM. Whoever reads it can speak for this sidecar.
    pub private_key_pem: SecretString,
    /// `SubjectPublicKeyInfo` PEM.
    pub public_key_pem: String,
}

impl Store {
    /// The key pair, if one was generated already.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn actor_keys(&self) -> Result<Option<ActorKeys>, StoreError> {
        let row = sqlx::query!("SELECT private_key_pem, public_key_pem FROM shoal.keys")
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| ActorKeys {
            private_key_pem: SecretString::from(row.private_key_pem),
            public_key_pem: row.public_key_pem,
        }))
    }

    /// Stores `keys` unless there is a pair already, and returns the stored pair: two processes that start together
    /// end with the same one.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn keep_actor_keys(&self, keys: &ActorKeys) -> Result<ActorKeys, StoreError> {
        sqlx::query!(
            "INSERT INTO shoal.keys (private_key_pem, public_key_pem, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            keys.private_key_pem.expose_secret(),
            keys.public_key_pem,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        self.actor_keys().await?.ok_or(StoreError::Corrupt("keys.id"))
    }

    /// Replaces the key pair; peers learn of the new one when they next fail to verify a signature.
    ///
    /// # Errors
    /// [`StoreError::Database`] if the database fails.
    pub async fn replace_actor_keys(&self, keys: &ActorKeys) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO shoal.keys (private_key_pem, public_key_pem, created_at) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET private_key_pem = $1, public_key_pem = $2, created_at = $3",
            keys.private_key_pem.expose_secret(),
            keys.public_key_pem,
            self.clock.now(),
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
