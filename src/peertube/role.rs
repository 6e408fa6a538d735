//! The least-privilege role: the same SQL that admins run, for code that makes such a role itself.

/// Makes the role and grants it what Shoal reads; `docs/sql/peertube-read-role.sql`.
const READ_ROLE: &str = include_str!("../../docs/sql/peertube-read-role.sql");

/// The statements of `docs/sql/peertube-read-role.sql` for this role and password: one text, to be sent whole with
/// [`sqlx::raw_sql`], on PeerTube's own database and outside a transaction. Fit for any supported layout. It contains
/// the password.
pub fn read_role_sql(role: &str, password: &str) -> String {
    let mut sql = String::with_capacity(READ_ROLE.len() + role.len() + password.len());
    let mut rest = READ_ROLE;
    // The two parameters stand once each, in this order, so no value is ever searched for a parameter.
    for (parameter, value) in [(":'role'", role), (":'password'", password)] {
        if let Some((before, after)) = rest.split_once(parameter) {
            sql.push_str(before);
            sql.push_str(&literal(value));
            rest = after;
        }
    }
    sql.push_str(rest);
    sql
}

/// A string literal that means the same whatever `standard_conforming_strings` is. NUL cannot occur in PostgreSQL texts.
fn literal(value: &str) -> String {
    let escaped = value.replace('\0', "").replace('\'', "''");
    if escaped.contains('\\') {
        format!(" E'{}'", escaped.replace('\\', r"\\"))
    } else {
        format!("'{escaped}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parameters_are_replaced_everywhere() {
        let sql = read_role_sql("reader", "it's :'role' \\ secret");
        assert!(sql.contains("SET LOCAL shoal.role = 'reader';"));
        assert!(sql.contains(r"SET LOCAL shoal.password =  E'it''s :''role'' \\ secret';"));
        assert!(!read_role_sql("reader", "secret").contains(":'"));
    }
}
