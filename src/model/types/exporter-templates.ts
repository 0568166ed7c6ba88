/** Starting points of data exporters, by the name `?type=` gives them; the names and values are upstream's. */

export interface ExporterTemplate {
  /** Type of the exporter, when it is not the name of the template. */
  readonly type?: string
  /** Between `New` and `exporter config` in the display name. */
  readonly label: string
  /** Absent: the same as the display name. */
  readonly description?: string
  readonly settings?: Readonly<Record<string, number>>
  readonly config: Readonly<Record<string, unknown>>
}

const tls = { certs: [], trusted_certs: [], enabled: false, loose: false, trust_all: false }
const mtls = { certs: [], trustedCerts: [], mtls: false, loose: false, trustAll: false }
const mailing = { groupSize: 25, groupDuration: 60000 }
const otlp = (path: string) => ({
  gzip: false,
  grpc: false,
  endpoint: `http://localhost:10080/${path}`,
  timeout: 5000,
  client_cert: null,
  trusted_cert: null,
  headers: {},
  max_batch: 100,
  max_duration: 10000,
})

export const exporterTemplates: Readonly<Record<string, ExporterTemplate>> = {
  webhook: { label: 'webhook', config: { url: 'http://localhost:8080', headers: {}, mtlsConfig: mtls } },
  elastic: {
    label: 'elastic',
    config: {
      clusterUri: 'http://localhost:9200',
      uris: ['http://localhost:9200'],
      index: null,
      type: null,
      user: null,
      password: null,
      headers: {},
      indexSettings: {
        action: 'index',
        clientSide: true,
        interval: 'Day',
        numberOfShards: 1,
        numberOfReplicas: 1,
      },
      mtlsConfig: mtls,
      applyTemplate: true,
      version: null,
      maxBulkSize: 100,
      sendWorkers: 4,
    },
  },
  pulsar: {
    label: 'pulsar',
    config: {
      uri: 'http://localhost:6650',
      tlsTrustCertsFilePath: null,
      tenant: 'public',
      namespace: 'default',
      topic: 'otoroshi',
      token: null,
      username: null,
      password: null,
      mtlsConfig: mtls,
    },
  },
  kafka: {
    label: 'kafka',
    config: {
      servers: ['http://localhost:9092'],
      keyPass: null,
      keystore: null,
      truststore: null,
      topic: 'otoroshi-events',
      sendEvents: false,
      hostValidation: true,
      mtlsConfig: mtls,
      securityProtocol: 'PLAINTEXT',
      saslConfig: null,
      properties: null,
    },
  },
  mailer: { label: 'mailer', settings: mailing, config: { type: 'console' } },
  'generic-mailer': {
    type: 'mailer',
    label: 'generic mailer',
    settings: mailing,
    config: { type: 'generic', url: 'http://localhost:8080', headers: {}, to: [] },
  },
  mailgun: {
    type: 'mailer',
    label: 'mailgun',
    settings: mailing,
    config: { type: 'mailgun', eu: true, apiKey: 'key', domain: 'domain', to: [] },
  },
  mailjet: {
    type: 'mailer',
    label: 'mailjet',
    settings: mailing,
    config: { type: 'mailjet', apiKeyPublic: 'key-public', apiKeyPrivate: 'key-private', to: [] },
  },
  'none-mailer': { type: 'mailer', label: 'none mailer', config: { type: 'none' } },
  sendgrid: {
    type: 'mailer',
    label: 'sendgrid mailer',
    settings: mailing,
    config: { type: 'sendgrid', apiKey: 'apikey', to: [] },
  },
  scaleway: {
    type: 'mailer',
    label: 'scaleway TEM',
    settings: mailing,
    config: { type: 'scaleway', secretKey: 'secret-key', projectId: 'project-id', region: 'fr-par', to: [] },
  },
  mailpace: {
    type: 'mailer',
    label: 'mailpace',
    settings: mailing,
    config: { type: 'mailpace', serverToken: 'server-token', to: [] },
  },
  file: {
    label: 'file',
    settings: { sendWorkers: 1 },
    config: { path: '/tmp/otoroshi-events.log', maxFileSize: 10485760, maxNumberOfFile: null },
  },
  metrics: { label: 'metrics', config: { labels: {} } },
  custommetrics: { label: 'custom metrics', config: { tags: {}, metrics: [] } },
  custom: { label: 'custom', config: { ref: '', config: {} } },
  wasm: { label: 'wasm', config: { params: {}, wasm_ref: null } },
  'otlp-logs': {
    label: 'OTLP logs',
    config: {
      type: 'otlp-logs',
      otlp: otlp('logs'),
    },
  },
  'otlp-metrics': {
    label: 'OTLP metrics',
    config: {
      type: 'otlp-metrics',
      tags: {},
      metrics: [
        {
          id: 'calls_duration',
          selector: 'duration',
          kind: 'Counter',
          eventType: 'GatewayEvent',
          labels: {},
        },
      ],
      otlp: otlp('metrics'),
    },
  },
  splunk: {
    label: 'Splunk',
    description: 'New Splunk metrics exporter config',
    config: { token: 'secret', url: '', headers: {}, timeout: 30000, tls_config: tls },
  },
  http: {
    label: 'Http',
    config: {
      url: 'http://localhost:3465/logs',
      method: 'POST',
      headers: {},
      cookies: [],
      body: '${events.nd_stringify}',
      timeout: 3000,
      tls_config: tls,
    },
  },
  workflow: { label: 'Workflow', config: { ref: '' } },
  datadog: {
    label: 'Datadog',
    config: {
      token: 'secret',
      url: 'https://http-intake.logs.datadoghq.eu/api/v2/logs',
      headers: {},
      timeout: 30000,
      tls_config: tls,
    },
  },
  newrelic: {
    label: 'New Relic',
    config: {
      token: 'secret',
      url: 'https://log-api.eu.newrelic.com/log/v1',
      headers: {},
      timeout: 30000,
      tls_config: tls,
    },
  },
  postgresql: {
    label: 'PostgreSQL',
    config: {
      uri: null,
      host: 'localhost',
      port: 5432,
      database: 'otoroshi',
      user: 'otoroshi',
      password: 'otoroshi',
      schema: 'public',
      table: 'otoroshi_events',
      pool_size: 5,
      ssl: false,
      retention_days: 0,
    },
  },
}
