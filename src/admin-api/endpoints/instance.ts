/** Endpoints about the instance itself. */
import { apikey } from '../../model/kinds/apikey.ts'
import { serviceDescriptor } from '../../model/kinds/service-descriptor.ts'
import { serviceGroup } from '../../model/kinds/service-group.ts'
import { tcpService } from '../../model/kinds/tcp-service.ts'
import type { EntityDefinition } from '../../model/entity.ts'
import { listKinds } from '../generic-api.ts'
import {
  authTemplates,
  explain,
  infos,
  ledger,
  lines,
  monitoring,
  olderTemplate,
  pluginNames,
  plugins,
  status,
  version,
} from '../instance-api.ts'
import { fault } from './schemas.ts'
import type { Endpoint } from './endpoint.ts'
import {
  anything,
  flag,
  json,
  jsonOrYaml,
  listOf,
  mapOf,
  named,
  object,
  text,
  textOrNull,
  whole,
} from './shapes.ts'

const tag = 'instance'

const versionAt = (path: string, id: string): Endpoint => ({
  method: 'GET',
  path,
  id,
  tag,
  summary: 'Version of the gateway',
  answers: { 200: { description: 'Its parts', content: json(named('Version')) } },
  answer: version,
})

const facts = object(
  {
    otoroshi_cluster_id: text,
    otoroshi_version: text,
    otoroshi_version_sem: named('Version'),
    runtime: object({ name: text, version: text }),
    java_version: object({ version: text, vendor: text }),
    os: object({ name: text, version: text, arch: text }),
    datastore: text,
    env: text,
  },
  {},
)

const infosAt = (path: string, id: string): Endpoint => ({
  method: 'GET',
  path,
  id,
  tag,
  summary: 'Names, version, runtime and system of the instance',
  answers: { 200: { description: 'The facts', content: json(facts) } },
  answer: infos,
})

const pluginsAt = (path: string, id: string): Endpoint => ({
  method: 'GET',
  path,
  id,
  tag: 'plugins',
  summary: 'The plugins with their settings',
  answers: { 200: { description: 'The plugins', content: json(listOf(named('Plugin'))) } },
  answer: plugins,
})

const pluginNamesAt = (path: string, id: string, field: 'plugin_categories' | 'plugin_steps'): Endpoint => ({
  method: 'GET',
  path,
  id,
  tag: 'plugins',
  summary: field === 'plugin_steps' ? 'The steps plugins act in' : 'The categories of plugins',
  answers: { 200: { description: 'Names', content: json(listOf(text)) } },
  answer: call => pluginNames(call, field),
})

const templateAt = (path: string, id: string, definition: EntityDefinition): Endpoint => ({
  method: 'GET',
  path,
  id,
  tag: 'templates',
  summary: `What a new ${definition.kind} looks like, under an older name`,
  answers: {
    200: {
      description: 'An entity that is not stored',
      content: json(named(`${definition.group}.${definition.kind}`)),
    },
  },
  answer: call => olderTemplate(call, definition),
})

const kind = object(
  {
    kind: text,
    plural_name: text,
    singular_name: text,
    group: text,
    version: object({ name: text, served: flag, deprecated: flag, storage: flag }, { schema: anything }),
  },
  {},
)

export const instanceEndpoints: readonly Endpoint[] = [
  versionAt('/api/version', 'instance.version'),
  versionAt('/apis/cluster/node/version', 'node.version'),
  infosAt('/api/infos', 'instance.infos'),
  infosAt('/apis/cluster/node/infos', 'node.infos'),
  {
    method: 'GET',
    path: '/api/status',
    id: 'instance.status',
    tag,
    summary: 'Revision, what each thread serves, faults of entities',
    answers: {
      200: {
        description: 'The state',
        content: json(
          object({
            revision: whole,
            threads: listOf(object({ index: whole, live: flag, revision: whole, restarts: whole })),
            faults: listOf(fault),
          }),
        ),
      },
    },
    answer: status,
  },
  {
    method: 'GET',
    path: '/apis/health',
    id: 'instance.health',
    tag,
    summary: 'How the instance is, as its monitoring endpoints tell',
    answers: {
      200: { description: 'It is well', content: json({ type: 'object' }) },
      503: { description: 'It is not', content: json({ type: 'object' }) },
    },
    answer: call => monitoring(call, 'health'),
  },
  {
    method: 'GET',
    path: '/apis/metrics',
    id: 'instance.metrics',
    tag,
    summary: 'Figures about requests and the process, as the monitoring endpoints tell',
    parameters: ['metricsFormat', 'metricsFilter'],
    answers: {
      200: {
        description: 'The figures',
        content: { ...json({ type: ['array', 'object'] }), 'text/plain': text },
      },
    },
    answer: call => monitoring(call, 'metrics'),
  },
  {
    method: 'POST',
    path: '/api/explain',
    id: 'instance.explain',
    tag,
    summary: 'How a request would be answered, which is not made',
    body: {
      description: 'The request',
      content: json(
        object(
          { url: { ...text, description: 'Absolute, or a path with `Host` among the headers' } },
          { method: text, headers: mapOf({ type: ['string', 'array'] }), listener: textOrNull },
        ),
      ),
      example: { method: 'GET', url: 'http://shop.example.com/cart', headers: { accept: 'text/html' } },
    },
    answers: {
      200: {
        description: 'The report: which routes were looked at, what each plugin said',
        content: json({ type: ['object', 'null'] }),
      },
    },
    refusals: [413],
    answer: explain,
  },
  {
    method: 'GET',
    path: '/api/events/_ledger',
    id: 'instance.ledger',
    tag,
    summary: 'Events produced, delivered, dropped and pending',
    answers: { 200: { description: 'The account of each exporter', content: json({ type: 'object' }) } },
    answer: ledger,
  },
  {
    method: 'GET',
    path: '/apis/entities',
    id: 'kinds.findAll',
    tag,
    summary: 'The kinds of entities',
    parameters: ['withSchemas', 'pretty', 'envelope'],
    answers: {
      200: {
        description: 'The kinds with their JSON Schemas (draft 7)',
        content: jsonOrYaml(object({ version: text, resources: listOf(kind) })),
      },
    },
    answer: listKinds,
  },
  {
    method: 'GET',
    path: '/api/lines',
    id: 'lines.findAll',
    tag,
    summary: 'Names of the environments',
    answers: { 200: { description: 'Names', content: json(listOf(text)) } },
    answer: lines,
  },
  pluginsAt('/api/plugins/all', 'plugins.findAll'),
  pluginsAt('/apis/plugins.json', 'plugins.document'),
  pluginNamesAt('/api/plugins/categories', 'plugins.categories', 'plugin_categories'),
  pluginNamesAt('/api/plugins/steps', 'plugins.steps', 'plugin_steps'),
  templateAt('/api/new/apikey', 'templates.newApikey', apikey),
  templateAt('/api/new/group', 'templates.newServiceGroup', serviceGroup),
  templateAt('/api/new/service', 'templates.newServiceDescriptor', serviceDescriptor),
  templateAt('/api/new/tcp/service', 'templates.newTcpService', tcpService),
  templateAt('/api/tcp/_template', 'templates.tcpService', tcpService),
  {
    method: 'GET',
    path: '/api/auths/templates',
    id: 'templates.authModuleTypes',
    tag: 'templates',
    summary: 'Types of auth modules',
    answers: {
      200: {
        description: 'Types with their names',
        content: json(object({ templates: listOf(object({ type: text, label: text })) })),
      },
    },
    answer: authTemplates,
  },
]
