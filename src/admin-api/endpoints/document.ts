/** The OpenAPI document, under every name upstream has for it (reference, 5.1 and 7). */
import type { Call } from '../call.ts'
import { type DocumentForm, sendDocument } from '../openapi/served.ts'
import { formOf } from '../rendering.ts'
import type { Content, Endpoint } from './endpoint.ts'
import { json, object, text } from './shapes.ts'

const shape = object({ openapi: text, info: { type: 'object' }, paths: { type: 'object' } })
const yaml: Content = { 'application/yaml': shape }
const page: Content = { 'text/html': text }

const documentAt = (
  path: string,
  id: string,
  content: Content,
  form: (call: Call) => DocumentForm,
): Endpoint => ({
  method: 'GET',
  path,
  id: `openapi.${id}`,
  tag: 'openapi',
  summary: 'The OpenAPI document of this API',
  parameters: ['documentGroup', 'documentVersion', 'ifNoneMatch'],
  answers: {
    200: { description: 'The document', content, headers: { ETag: 'Changes with the document' } },
    304: { description: 'The client has the document already', headers: { ETag: 'Its tag' } },
  },
  refusals: [404],
  answer: call => sendDocument(call, form(call)),
})

const asJson = (): DocumentForm => 'json'
const asYaml = (): DocumentForm => 'yaml'
const asPage = (): DocumentForm => 'page'
const asAccepted = (call: Call): DocumentForm => (['yaml', 'k8s'].includes(formOf(call)) ? 'yaml' : 'json')

export const documentEndpoints: readonly Endpoint[] = [
  documentAt('/apis/openapi', 'accepted', { ...json(shape), ...yaml }, asAccepted),
  documentAt('/apis/openapi.json', 'json', json(shape), asJson),
  documentAt('/apis/openapi.yaml', 'yaml', yaml, asYaml),
  documentAt('/apis/openapi.yml', 'yml', yaml, asYaml),
  documentAt('/apis/openapi/ui', 'page', page, asPage),
  documentAt('/api/openapi.json', 'legacyJson', json(shape), asJson),
  documentAt('/api/openapi/ui', 'legacyPage', page, asPage),
]
