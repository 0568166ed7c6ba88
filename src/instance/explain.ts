/** Explaining a hypothetical request: asked of the admin API, answered by a data-plane thread. */
import { ApiError } from '../admin-api/api-error.ts'
import type { ExplainRequest } from '../admin-api/services.ts'
import type { DataPlane } from '../data-plane/data-plane.ts'
import { STANDARD_LISTENER } from './thread-settings-of.ts'

/** The report. Rejects with `ApiError` 400 when the request cannot be thought of. */
export async function explainWith(dataPlane: DataPlane, request: ExplainRequest): Promise<unknown> {
  const answer = (await dataPlane.explain({
    method: request.method,
    url: absolute(request),
    headers: request.headers,
    remoteAddress: '127.0.0.1',
    listener: request.listener ?? STANDARD_LISTENER,
  })) as { ok: true; report: unknown } | { ok: false; message: string }
  if (!answer.ok) throw new ApiError(400, 'admin.bad_request', 'bad_request', answer.message)
  return answer.report
}

function absolute(request: ExplainRequest): string {
  if (!request.url.startsWith('/')) return request.url
  const host = request.headers.find(([name]) => name.toLowerCase() === 'host')?.[1] ?? 'localhost'
  return `http://${host}${request.url}`
}
