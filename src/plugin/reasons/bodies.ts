/** Of bodies that plugins read or change. */
import type { ReasonRows } from './rows.ts'

export const bodies = {
  'transform.failed': [
    500,
    'error while transforming a body',
    'errors.transformation.failed',
    'A filter or a rewriting rule of the route failed on a body, or took too long.',
  ],
  'transform.bad_request_body': [
    400,
    'Bad request body',
    'errors.transformation.request.body',
    'A plugin has to read the request body, and it is not what its headers say.',
  ],
  'transform.unknown_coding': [
    415,
    'Unsupported content encoding',
    'errors.transformation.request.encoding',
    'A plugin has to read the request body, and its content encoding or charset is not known here.',
  ],
  'transform.bad_response_body': [
    502,
    'Bad response body',
    'errors.transformation.response.body',
    'A plugin has to read the answer of the backend, and it is partial or not what its headers say.',
  ],
  'transform.response_too_large': [
    502,
    'Response body too large',
    'errors.transformation.response.entityTooLarge',
    'A plugin has to read the answer of the backend, and it is longer than is read.',
  ],
  'transform.busy': [
    503,
    'Too many bodies wait to be transformed',
    'errors.transformation.busy',
    'More bodies wait for their transformation than may wait.',
  ],
  'schema.request_invalid': [
    422,
    'request body does not match the json schema',
    'errors.json.schema.request',
    'The request body does not fit the JSON schema of the route. The body of the answer says where.',
  ],
  'schema.response_invalid': [
    502,
    'response body does not match the json schema',
    'errors.json.schema.response',
    'The answer of the backend does not fit the JSON schema of the route.',
  ],
  'image.unavailable': [
    502,
    'The replacing image is not available',
    'errors.image.unavailable',
    'The picture that replaces those of the backend could not be fetched.',
  ],
} as const satisfies ReasonRows
