/** The setting all limits have. */
import { flag, setting } from '../settings.ts'

export const shadow = setting(flag, false, 'Tell of calls beyond the limit in events, and let them pass')
