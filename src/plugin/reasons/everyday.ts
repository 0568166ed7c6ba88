/** Reasons of plugins that answer in place of a backend or stand in for other services. */
import type { ReasonRows } from './rows.ts'

export const everyday = {
  'chaos.injected': [
    500,
    'Injected fault',
    'errors.chaos.injected',
    'The snow monkey answers with a fault of its settings. Status and body are those of the settings.',
  ],
  'defer.bad_duration': [
    400,
    'Bad duration',
    'errors.defer.duration',
    'The client asks for a delay that is no number of milliseconds.',
  ],
  'content.condition_failed': [
    412,
    'Precondition failed',
    'errors.content.condition',
    'The file is not the one that the request is about.',
  ],
  'content.bad_range': [
    416,
    'Range not satisfiable',
    'errors.content.range',
    'The request asks for bytes behind the end of the file.',
  ],
  'archive.unavailable': [
    502,
    'The archive cannot be had',
    'errors.archive.unavailable',
    'The archive that the route serves cannot be downloaded, read, or is larger than allowed.',
  ],
  'object_storage.failed': [
    502,
    'The object storage failed',
    'errors.object.storage',
    'The object storage behind the route did not answer, or refused the call.',
  ],
  'documentation.not_configured': [
    400,
    'invalid_configuration',
    'errors.documentation.config',
    'The page of an OpenAPI document has no title, or no address of a document.',
  ],
  'eureka.not_configured': [
    400,
    'An error occured',
    'errors.eureka.config',
    'A plugin that takes its targets from Eureka lacks the server or the application.',
  ],
  'eureka.bad_request': [
    400,
    'bad request',
    'errors.eureka.request',
    'A call of the Eureka server cannot be read, or names nothing that can be registered.',
  ],
  'discovery.bad_request': [
    400,
    'bad request',
    'errors.discovery.request',
    'A service registers itself with something that is no target.',
  ],
  'discovery.full': [
    503,
    'the registry is full',
    'errors.discovery.full',
    'No more registrations are taken, or the store does not take them.',
  ],
  'graphql.bad_request': [
    400,
    'bad request',
    'errors.graphql.request',
    'The request holds no query that GraphQL could run.',
  ],
  'graphql.refused': [
    200,
    'query refused',
    'errors.graphql.refused',
    'The query does not fit the schema, or is deeper or more complex than allowed.',
  ],
  'service.unreachable': [
    502,
    'The service did not answer',
    'errors.service.unreachable',
    'A server that a plugin calls in place of the backend could not be asked, or answered what cannot be used.',
  ],
  'service.method_not_allowed': [
    400,
    'Bad method',
    'errors.service.method',
    'The service behind the route takes other methods only.',
  ],
  'soap.filter_failed': [
    500,
    'The filter failed',
    'errors.soap.filter',
    'A jq filter of a SOAP action failed, or its message cannot be converted.',
  ],
} as const satisfies ReasonRows
