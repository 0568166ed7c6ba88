/** One call that ships spans to a collector. Nothing is followed, no answer is kept. */
import { request as httpRequest } from 'node:http'
import { connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'

/** Ships one body. Rejects when the collector cannot be reached, refuses, or is slower than the time-out. */
export type Shipping = (body: Buffer) => Promise<void>

/** POST over HTTP/1.1; any 2xx is fine. `timeout` in milliseconds. */
export function httpShipping(endpoint: URL, contentType: string, timeout: number): Shipping {
  const call = endpoint.protocol === 'https:' ? httpsRequest : httpRequest
  return body =>
    new Promise((resolve, reject) => {
      const request = call(
        endpoint,
        {
          method: 'POST',
          headers: { 'Content-Type': contentType, 'Content-Length': body.length },
          signal: AbortSignal.timeout(timeout),
        },
        response => {
          const { statusCode = 0 } = response
          response.destroy()
          if (statusCode >= 200 && statusCode < 300) resolve()
          else reject(new Error(`the collector answered ${statusCode}`))
        },
      )
      request.on('error', reject)
      request.end(body)
    })
}

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'

/** A unary gRPC call of the OTLP trace service, on a connection of its own. `timeout` in milliseconds. */
export function grpcShipping(endpoint: URL, timeout: number): Shipping {
  return body =>
    new Promise((resolve, reject) => {
      const session = connect(endpoint.origin)
      const timer = setTimeout(
        () => done(new Error(`no answer of the collector within ${timeout} ms`)),
        timeout,
      )
      const done = (error: Error | null): void => {
        clearTimeout(timer)
        session.destroy()
        if (error === null) resolve()
        else reject(error)
      }
      session.on('error', done)
      const call = session.request({
        ':method': 'POST',
        ':path': EXPORT,
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      let status: unknown
      // The status of an error without a message stands in the head, otherwise in the trailers.
      call.on('response', headers => (status = headers['grpc-status'] ?? status))
      call.on('trailers', headers => (status = headers['grpc-status'] ?? status))
      call.on('error', done)
      call.on('close', () =>
        done(
          String(status) === '0' ? null : new Error(`the collector answered grpc-status ${String(status)}`),
        ),
      )
      call.resume()
      const prefix = Buffer.alloc(5)
      prefix.writeUInt32BE(body.length, 1)
      call.end(Buffer.concat([prefix, body]))
    })
}
