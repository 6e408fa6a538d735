// How the plugin tells Shoal which account is asking: three headers, authenticated by the secret that both know.
import { createHash, createHmac } from 'node:crypto'

/** What is vouched for. */
export interface Vouched {
  /** Method, in capitals. */
  method: string
  /** Path and query, exactly as on the request line. */
  target: string
  /** PeerTube's number of the account. */
  user: number
  /** Unix time in seconds. */
  timestamp: number
  /** The body's bytes. */
  body: Uint8Array
}

/** The headers that vouch for `vouched`. */
export function vouch(secret: string, vouched: Vouched): Record<string, string> {
  const digest = createHash('sha256').update(vouched.body).digest('hex')
  const text = ['shoal-v1', vouched.method, vouched.target, vouched.user, vouched.timestamp, digest].join('\n')
  return {
    'shoal-user': String(vouched.user),
    'shoal-timestamp': String(vouched.timestamp),
    'shoal-signature': createHmac('sha256', secret).update(text).digest('hex'),
  }
}
