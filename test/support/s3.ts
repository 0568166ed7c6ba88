/** A server that speaks S3, with objects in a folder of its own. It knows access keys; signatures of version 4 it only reads. */
import http from 'node:http'
import { createRequire } from 'node:module'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signedFields } from '../../src/plugins/static-content/aws-signature.ts'

export interface S3 {
  readonly port: number
  readonly access: string
  readonly secret: string
  close(): Promise<void>
}

/** The package has no types. */
interface S3rver {
  run(): Promise<AddressInfo>
  close(): Promise<void>
}

/** Objects: key → type and content. */
export async function startS3(
  bucket: string,
  objects: Readonly<Record<string, readonly [type: string, content: string]>>,
): Promise<S3> {
  const directory = mkdtempSync(join(tmpdir(), 's3-'))
  const Server = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver
  const server = new Server({
    directory,
    port: 0,
    address: '127.0.0.1',
    silent: true,
    allowMismatchedSignatures: false,
    vhostBuckets: false,
    configureBuckets: [{ name: bucket }],
  })
  const { port } = await server.run()
  const access = 'S3RVER'
  const secret = 'S3RVER'
  for (const [key, [type, content]] of Object.entries(objects))
    await put(port, { access, secret }, `/${bucket}/${key}`, type, content)
  return {
    port,
    access,
    secret,
    async close() {
      await server.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function put(
  port: number,
  key: { access: string; secret: string },
  path: string,
  type: string,
  content: string,
): Promise<void> {
  const encoded = encodeURI(path)
  const host = `127.0.0.1:${port}`
  const fields = signedFields(
    { ...key, region: 'eu-west-1', service: 's3' },
    { method: 'PUT', path: encoded, fields: { host } },
    Date.now(),
    content,
  )
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: '127.0.0.1',
        port,
        path: encoded,
        method: 'PUT',
        headers: {
          ...Object.fromEntries(fields),
          'Content-Type': type,
          'Content-Length': Buffer.byteLength(content),
        },
      },
      response => {
        response.resume()
        response.on('end', () =>
          response.statusCode === 200
            ? resolve()
            : reject(new Error(`the object was not stored: ${response.statusCode}`)),
        )
      },
    )
    request.on('error', reject)
    request.end(content)
  })
}
