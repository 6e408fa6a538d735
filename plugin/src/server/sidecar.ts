// Requests to the sidecar: one deadline for everything, bounded answers, who is asking vouched for.
import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { Configuration } from './settings.ts'
import { vouch } from './vouching.ts'

/** A request to send. */
export interface Outgoing {
  url: URL
  /** Path and query as they go on the request line; a base path of `url` is not added. */
  target: string
  method: string
  headers: Record<string, string | string[]>
  body: Uint8Array
  /** Ends the request, whether the answer has begun or not. */
  signal: AbortSignal
}

/** Sends `outgoing` and returns the answer as soon as its head is there. */
export function send(outgoing: Outgoing): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (outgoing.url.protocol === 'https:' ? requestHttps : requestHttp)(
      {
        protocol: outgoing.url.protocol,
        hostname: outgoing.url.hostname.replace(/^\[|\]$/g, ''),
        port: outgoing.url.port,
        path: outgoing.target,
        method: outgoing.method,
        headers: { ...outgoing.headers, 'content-length': String(outgoing.body.byteLength) },
        signal: outgoing.signal,
      },
      resolve,
    )
    request.on('error', reject)
    request.end(outgoing.body)
  })
}

/** All of an answer's body; fails beyond `limit` bytes. */
export async function readAll(answer: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer) {
    size += part.length
    if (size > limit) throw new Error(`the answer is larger than ${limit} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Headers for a request to the REST interface: they vouch for `user`, or name nobody. */
export function identify(
  configuration: Configuration,
  request: { method: string; target: string; body: Uint8Array },
  user: number | undefined,
  now: number,
): Record<string, string> {
  if (user === undefined || configuration.secret === '') return {}
  return vouch(configuration.secret, { ...request, user, timestamp: Math.floor(now / 1000) })
}

/** A problem document of Shoal. */
export interface ShoalProblem {
  code: string
  /** Short, and on one line. */
  detail: string
}

/** The problem that a body tells, or undefined when it is not one of Shoal's. */
export function problemOf(body: string): ShoalProblem | undefined {
  try {
    const { code, detail } = JSON.parse(body) as { code?: unknown; detail?: unknown }
    if (typeof code !== 'string' || typeof detail !== 'string') return undefined
    return { code: oneLine(code), detail: oneLine(detail) }
  } catch {
    return undefined
  }
}

/** Text from elsewhere, fit for a log or a page: no control characters, at most 200 characters. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 200)
}
