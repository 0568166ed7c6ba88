/** Who this process is, what it runs as, and its secrets. */
import { setting } from '../setting.ts'
import { choice, duration, flag, optional, path, text, whole } from '../value-types.ts'

export const instance = {
  env: setting({
    key: 'otoroshi.env',
    env: ['APP_ENV', 'OTOROSHI_ENV'],
    type: text,
    default: 'prod',
    about: 'name of the environment; other than prod it is part of generated ids',
  }),
  id: setting({
    key: 'otoroshi.instance.instanceId',
    env: ['OTOROSHI_INSTANCE_ID'],
    type: optional(text),
    default: null,
    about: 'fixed identity of this gateway; absent: one is made at the first start',
  }),
  number: setting({
    key: 'otoroshi.instance.number',
    env: ['OTOROSHI_INSTANCE_NUMBER', 'INSTANCE_NUMBER'],
    type: whole(0, 1_000_000),
    default: 0,
    about: 'number of this process among its peers',
  }),
  seed: setting({
    key: 'otoroshi.snowflake.seed',
    env: ['INSTANCE_NUMBER', 'OTOROSHI_INSTANCE_NUMBER', 'SNOWFLAKE_SEED', 'OTOROSHI_SNOWFLAKE_SEED'],
    type: whole(0, 1023),
    default: 0,
    about: 'part of every generated id; must differ between processes of one gateway',
  }),
  name: setting({
    key: 'otoroshi.instance.name',
    env: ['OTOROSHI_INSTANCE_NAME'],
    flag: 'name',
    type: text,
    default: 'otoroshi',
    about: 'name shown in infos and events',
  }),
  title: setting({
    key: 'otoroshi.instance.title',
    env: ['OTOROSHI_INSTANCE_TITLE'],
    type: optional(text),
    default: null,
    about: 'title shown to administrators',
  }),
  provider: setting({
    key: 'otoroshi.instance.provider',
    env: ['OTOROSHI_INSTANCE_PROVIDER'],
    type: text,
    default: 'local',
    about: 'infrastructure provider, for routing by location',
  }),
  region: setting({
    key: 'otoroshi.instance.region',
    env: ['OTOROSHI_INSTANCE_REGION'],
    type: text,
    default: 'local',
    about: 'region, for routing by location',
  }),
  zone: setting({
    key: 'otoroshi.instance.zone',
    env: ['OTOROSHI_INSTANCE_ZONE'],
    type: text,
    default: 'local',
    about: 'zone, for routing by location',
  }),
  dc: setting({
    key: 'otoroshi.instance.dc',
    env: ['OTOROSHI_INSTANCE_DATACENTER'],
    type: text,
    default: 'local',
    about: 'data centre, for routing by location',
  }),
  rack: setting({
    key: 'otoroshi.instance.rack',
    env: ['OTOROSHI_INSTANCE_RACK'],
    type: text,
    default: 'local',
    about: 'rack, for routing by location',
  }),
  eventsName: setting({
    key: 'otoroshi.eventsName',
    env: ['APP_EVENTS_NAME', 'OTOROSHI_EVENTS_NAME'],
    type: text,
    default: 'otoroshi',
    about: 'name of this gateway in events',
  }),
  commitId: setting({
    key: 'otoroshi.commitId',
    env: ['COMMIT_ID', 'OTOROSHI_COMMIT_ID'],
    type: text,
    default: 'HEAD',
    about: 'commit shown in infos',
  }),
}

export const running = {
  threads: setting({
    key: 'otoroshi.dataPlane.threads',
    env: ['OTOROSHI_THREADS'],
    flag: 'threads',
    type: whole(1, 256),
    default: 1,
    defaultText: 'the number of available cores',
    about: 'threads that serve requests',
  }),
  maintenance: setting({
    key: 'otoroshi.maintenanceMode',
    env: ['OTOROSHI_MAINTENANCE_MODE_ENABLED'],
    flag: 'maintenance',
    type: flag,
    default: false,
    about: 'answer every route but the admin API with the maintenance page',
  }),
  drainTimeout: setting({
    key: 'otoroshi.drainTimeout',
    env: ['OTOROSHI_DRAIN_TIMEOUT'],
    type: duration(),
    default: 30_000,
    unit: 'ms',
    about: 'how long requests in flight may take to end once the process is told to stop',
  }),
  clusterMode: setting({
    key: 'otoroshi.cluster.mode',
    env: ['CLUSTER_MODE', 'OTOROSHI_CLUSTER_MODE'],
    type: choice(['off'], {}, ' (this version runs alone, not as a leader or worker)'),
    default: 'off',
    about: 'membership in a cluster; only off in this version',
  }),
}

export const plugins = {
  folder: setting({
    key: 'otoroshi.plugins.folder',
    env: ['OTOROSHI_PLUGINS_FOLDER'],
    flag: 'plugins',
    type: optional(path),
    default: null,
    about: 'folder of own plugins, loaded again when a file changes',
  }),
}

export const secrets = {
  master: setting({
    key: 'otoroshi.secret',
    env: ['OTOROSHI_SECRET'],
    type: text,
    default: 'verysecretvaluethatyoumustoverwrite',
    about: 'master secret; other secrets are derived from it',
    secret: true,
    publicDefault: true,
  }),
  sharedKey: setting({
    key: 'otoroshi.claim.sharedKey',
    env: ['CLAIM_SHAREDKEY', 'OTOROSHI_CLAIM_SHAREDKEY'],
    type: text,
    default: 'secret',
    about: 'secret of the default algorithm between the gateway and backends',
    secret: true,
    publicDefault: true,
  }),
  sessions: setting({
    key: 'otoroshi.sessions.secret',
    env: ['OTOROSHI_SESSIONS_SECRET'],
    type: text,
    default: 'verysecretvaluethatyoumustoverwrite',
    defaultFrom: 'otoroshi.secret',
    about: 'secret of the session cookies of routes',
    secret: true,
    effective: false,
  }),
  refuseDefaults: setting({
    key: 'otoroshi.refuseDefaultSecrets',
    env: ['OTOROSHI_REFUSE_DEFAULT_SECRETS'],
    flag: 'refuse-default-secrets',
    type: flag,
    default: false,
    about:
      'refuse to start while a secret that is used has its public default, or the stored first key of the admin API does; otherwise each draws a warning',
  }),
}
