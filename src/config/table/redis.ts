/** Where Redis is, in upstream's words. Which of these count depends on the kind of store. */
import { pem, redisMembers } from '../redis/members.ts'
import { redisUri, redisUris } from '../redis/uri.ts'
import { setting } from '../setting.ts'
import { address, choice, duration, flag, optional, text, whole } from '../value-types.ts'

const anyPort = whole(1, 65_535)

const lettuce = {
  uri: setting({
    key: 'otoroshi.redis.lettuce.uri',
    env: ['REDIS_LETTUCE_URI', 'OTOROSHI_REDIS_LETTUCE_URI', 'REDIS_URL', 'OTOROSHI_REDIS_URL'],
    type: optional(redisUri),
    default: null,
    about: 'where Redis is, for the storage lettuce; with the storage redis it wins over host and port',
    secret: true,
  }),
  uris: setting({
    key: 'otoroshi.redis.lettuce.uris',
    aliases: ['otoroshi.redis.lettuce.urisStr'],
    env: ['REDIS_LETTUCE_URIS', 'OTOROSHI_REDIS_LETTUCE_URIS'],
    type: redisUris,
    default: [],
    about: 'several servers: nodes of a cluster, or a master and its replicas; wins over the single URI',
    secret: true,
  }),
  connection: setting({
    key: 'otoroshi.redis.lettuce.connection',
    env: ['REDIS_LETTUCE_CONNECTION', 'OTOROSHI_REDIS_LETTUCE_CONNECTION'],
    type: choice(['default', 'standalone', 'sentinels', 'master-replicas', 'cluster']),
    default: 'default',
    about:
      'what the URIs are: cluster, or anything else, where the master is looked for among them; only a master is read',
  }),
  startTls: setting({
    key: 'otoroshi.redis.lettuce.startTLS',
    env: ['REDIS_LETTUCE_START_TLS', 'OTOROSHI_REDIS_LETTUCE_START_TLS'],
    type: flag,
    default: false,
    about: 'must stay false: no Redis server has STARTTLS; TLS from the first byte is rediss://',
  }),
  verifyPeers: setting({
    key: 'otoroshi.redis.lettuce.verifyPeers',
    env: ['REDIS_LETTUCE_VERIFY_PEERS', 'OTOROSHI_REDIS_LETTUCE_VERIFY_PEERS'],
    type: flag,
    default: true,
    about: 'check the certificate of the server and the name in it',
  }),
  trustedCerts: setting({
    key: 'otoroshi.redis.lettuce.ssl.trustedCerts',
    env: ['REDIS_LETTUCE_SSL_TRUSTED_CERTS', 'OTOROSHI_REDIS_LETTUCE_SSL_TRUSTED_CERTS'],
    type: optional(pem),
    default: null,
    about: 'certificates of the authorities that are trusted, in place of the well-known ones',
  }),
  clientCert: setting({
    key: 'otoroshi.redis.lettuce.ssl.clientCert',
    env: ['REDIS_LETTUCE_SSL_CLIENT_CERT', 'OTOROSHI_REDIS_LETTUCE_SSL_CLIENT_CERT'],
    type: optional(pem),
    default: null,
    about: 'certificate shown to the server',
  }),
  clientKey: setting({
    key: 'otoroshi.redis.lettuce.ssl.clientKey',
    env: ['REDIS_LETTUCE_SSL_CLIENT_KEY', 'OTOROSHI_REDIS_LETTUCE_SSL_CLIENT_KEY'],
    type: optional(pem),
    default: null,
    about: 'its private key',
    secret: true,
  }),
  clientKeyPassword: setting({
    key: 'otoroshi.redis.lettuce.ssl.clientKeyPassword',
    env: ['REDIS_LETTUCE_SSL_CLIENT_KEY_PASSWORD', 'OTOROSHI_REDIS_LETTUCE_SSL_CLIENT_KEY_PASSWORD'],
    type: optional(text),
    default: null,
    about: 'password of that key',
    secret: true,
  }),
  sentinelUsername: setting({
    key: 'otoroshi.redis.lettuce.sentinels.username',
    env: ['REDIS_LETTUCE_SENTINELS_USERNAME', 'OTOROSHI_REDIS_SENTINELS_USERNAME'],
    type: text,
    default: 'default',
    about: 'user at the sentinels, when they have a password',
  }),
  sentinelPassword: setting({
    key: 'otoroshi.redis.lettuce.sentinels.password',
    env: ['REDIS_LETTUCE_SENTINELS_PASSWORD', 'OTOROSHI_REDIS_SENTINELS_PASSWORD'],
    type: optional(text),
    default: null,
    about: 'password at the sentinels',
    secret: true,
  }),
}

const password = (key: string, env: readonly string[], about: string) =>
  setting({ key, env, type: optional(text), default: null, about, secret: true })

const members = (key: string, aliases: readonly string[], env: readonly string[], about: string) =>
  setting({ key, aliases, env, type: redisMembers, default: [], about, secret: true })

const masterName = (key: string, env: readonly string[], about: string) =>
  setting({ key, env, type: optional(text), default: null, about })

export const redis = {
  lettuce,
  host: setting({
    key: 'otoroshi.redis.host',
    env: ['REDIS_HOST', 'OTOROSHI_REDIS_HOST'],
    type: address,
    default: 'localhost',
    about: 'host, for the storages redis and redis-lf',
  }),
  port: setting({
    key: 'otoroshi.redis.port',
    env: ['REDIS_PORT', 'OTOROSHI_REDIS_PORT'],
    type: anyPort,
    default: 6379,
    about: 'port beside that host',
  }),
  password: password(
    'otoroshi.redis.password',
    ['REDIS_PASSWORD', 'OTOROSHI_REDIS_PASSWORD'],
    'password of Redis, where neither a URI nor a list of servers has one',
  ),
  replicas: members(
    'otoroshi.redis.slavesStr',
    ['otoroshi.redis.slaves'],
    ['REDIS_SLAVES', 'OTOROSHI_REDIS_SLAVES', 'REDIS_MEMBERS', 'OTOROSHI_REDIS_MEMBERS'],
    'replicas of that host: one of them may become the master',
  ),
  pool: members(
    'otoroshi.redis.pool.members',
    ['otoroshi.redis.pool.membersStr'],
    ['REDIS_POOL_MEMBERS', 'OTOROSHI_REDIS_POOL_MEMBERS'],
    'servers of the storage redis-pool; the master among them is used',
  ),
  mpool: members(
    'otoroshi.redis.mpool.membersStr',
    ['otoroshi.redis.mpool.members'],
    ['REDIS_MPOOL_MEMBERS', 'OTOROSHI_REDIS_MPOOL_MEMBERS'],
    'servers of the storage redis-mpool; the master among them is used',
  ),
  lf: {
    host: setting({
      key: 'otoroshi.redis.lf.master.host',
      env: ['REDIS_LF_HOST', 'OTOROSHI_REDIS_LF_HOST'],
      type: optional(address),
      default: null,
      about: 'master of the storage redis-lf; default: that of otoroshi.redis.host',
    }),
    port: setting({
      key: 'otoroshi.redis.lf.master.port',
      env: ['REDIS_LF_PORT', 'OTOROSHI_REDIS_LF_PORT'],
      type: optional(anyPort),
      default: null,
      about: 'its port',
    }),
    password: password(
      'otoroshi.redis.lf.master.password',
      ['REDIS_LF_PASSWORD', 'OTOROSHI_REDIS_LF_PASSWORD'],
      'its password',
    ),
    replicas: members(
      'otoroshi.redis.lf.slavesStr',
      ['otoroshi.redis.lf.slaves'],
      ['REDIS_LF_SLAVES', 'OTOROSHI_REDIS_LF_SLAVES', 'REDIS_LF_MEMBERS', 'OTOROSHI_REDIS_LF_MEMBERS'],
      'its replicas',
    ),
  },
  sentinels: {
    master: masterName(
      'otoroshi.redis.sentinels.master',
      ['REDIS_SENTINELS_MASTER', 'OTOROSHI_REDIS_SENTINELS_MASTER'],
      'name the sentinels know the master by, for the storage redis-sentinel',
    ),
    password: password(
      'otoroshi.redis.sentinels.password',
      ['REDIS_SENTINELS_PASSWORD', 'OTOROSHI_REDIS_SENTINELS_PASSWORD'],
      'password of the servers behind the sentinels',
    ),
    db: setting({
      key: 'otoroshi.redis.sentinels.db',
      env: ['REDIS_SENTINELS_DB', 'OTOROSHI_REDIS_SENTINELS_DB'],
      type: optional(whole(0, 999_999)),
      default: null,
      about: 'number of the database there',
    }),
    members: members(
      'otoroshi.redis.sentinels.membersStr',
      ['otoroshi.redis.sentinels.members'],
      ['REDIS_SENTINELS_MEMBERS', 'OTOROSHI_REDIS_SENTINELS_MEMBERS'],
      'the sentinels',
    ),
    lfMaster: masterName(
      'otoroshi.redis.sentinels.lf.master',
      ['REDIS_SENTINELS_LF_MASTER', 'OTOROSHI_REDIS_SENTINELS_LF_MASTER'],
      'the same for the storage redis-sentinel-lf',
    ),
    lfMembers: members(
      'otoroshi.redis.sentinels.lf.membersStr',
      ['otoroshi.redis.sentinels.lf.members'],
      ['REDIS_SENTINELS_LF_MEMBERS', 'OTOROSHI_REDIS_SENTINELS_LF_MEMBERS'],
      'the sentinels of the storage redis-sentinel-lf',
    ),
  },
  cluster: members(
    'otoroshi.redis.cluster.membersStr',
    ['otoroshi.redis.cluster.members'],
    ['REDIS_CLUSTER_MEMBERS', 'OTOROSHI_REDIS_CLUSTER_MEMBERS'],
    'some nodes of the storage redis-cluster; the others are found through them',
  ),
  timeout: setting({
    key: 'otoroshi.redis.timeout',
    env: ['OTOROSHI_REDIS_TIMEOUT'],
    type: duration({ min: 50 }),
    default: 5000,
    unit: 'ms',
    about: 'longest wait for an answer of Redis, after which the connection is made anew',
  }),
}
