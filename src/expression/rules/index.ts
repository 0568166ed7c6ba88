/** All rules, in the order in which they are asked. */
import { chainRule } from './chain.ts'
import { apikeyRules, consumerRules, userRules } from './consumer.ts'
import { dateRule } from './dates.ts'
import { requestRules } from './request.ts'
import { routeRules } from './route.ts'
import type { Rule } from './rule.ts'
import { settingRules, surroundingRules } from './surroundings.ts'
import { contextRules, itemRules, tokenRules } from './values.ts'

export const rules: readonly Rule[] = [
  chainRule,
  ...itemRules,
  dateRule,
  ...routeRules,
  ...requestRules,
  ...apikeyRules,
  ...tokenRules,
  ...settingRules,
  ...contextRules,
  ...userRules,
  ...surroundingRules,
  ...consumerRules,
]
