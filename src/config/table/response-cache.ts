/** The memory that answers of backends are kept in. */
import { setting } from '../setting.ts'
import { bytes } from '../value-types.ts'

export const responseCache = {
  memory: setting({
    key: 'otoroshi.responseCache.memory',
    env: ['OTOROSHI_RESPONSE_CACHE_MEMORY'],
    type: bytes(),
    default: 67_108_864,
    unit: 'bytes',
    about:
      'most bytes of kept answers, all routes and threads together, taken as they are needed: 128k to 2047m; 0 keeps none',
  }),
}
