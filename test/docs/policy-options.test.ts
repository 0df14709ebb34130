import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'vitest'

const [, dependabot = '', renovate = ''] = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8').split(
  /^## Beside .*$/m,
)

/** Keys of dependabot.yml, by GitHub's reference of its options. */
const keysOfDependabot =
  'allow applies-to assignees commit-message cooldown cronjob day default-days dependency-name dependency-type directories directory enable-beta-ecosystems exclude exclude-paths exclude-patterns group-by groups ignore include insecure-external-code-execution interval labels milestone multi-ecosystem-group multi-ecosystem-groups open-pull-requests-limit package-ecosystem patterns prefix prefix-development pull-request-branch-name rebase-strategy registries reviewers schedule semver-major-days semver-minor-days semver-patch-days separator target-branch time timezone update-types updates vendor version versioning-strategy versions'

/** What a repository's renovate.json may have, by lib/config/options/index.ts of Renovate at 001d08d. */
const optionsOfRenovate =
  'abandonmentThreshold addLabels additionalBranchPrefix additionalReviewers allowedVersions assignAutomerge assignees assigneesFromCodeOwners assigneesSampleSize autoApprove autoReplaceGlobalMatch automerge automergeComment automergeSchedule automergeStrategy automergeType azureWorkItemId baseBranchPatterns bbAutoResolvePrTasks bbUseDefaultReviewers branchConcurrentLimit branchName branchNameStrict branchPrefix branchPrefixOld branchTopic bumpVersion bumpVersions changelogUrl cloneSubmodules cloneSubmodulesFilter commitBody commitBodyTable commitMessage commitMessageAction commitMessageExtra commitMessageLowerCase commitMessagePrefix commitMessageSuffix commitMessageTopic composerIgnorePlatformReqs confidential configMigration configWarningReuseIssue constraints constraintsFiltering customDatasources customManagers customizeDashboard defaultRegistryUrls dependencyDashboard dependencyDashboardApproval dependencyDashboardAutoclose dependencyDashboardCategory dependencyDashboardFooter dependencyDashboardHeader dependencyDashboardLabels dependencyDashboardOSVVulnerabilitySummary dependencyDashboardReportAbandonment dependencyDashboardTitle description digest draftPR enabled enabledManagers encrypted env excludeCommitPaths expandCodeOwnersGroups extends extractVersion fetchChangeLogs filterUnavailableUsers followTag forkModeDisallowMaintainerEdits forkProcessing gitAuthor gitIgnoredAuthors gitLabIgnoreApprovals goGetDirs group groupName groupSlug hashedBranchLength hostRules ignoreDeprecated ignoreDeps ignorePaths ignorePlugins ignorePresets ignoreReviewers ignoreScripts ignoreTests ignoreUnstable includePaths internalChecksAsSuccess internalChecksFilter keepUpdatedLabel labels lockFileMaintenance logLevelRemap major managerFilePatterns matchBaseBranches matchCategories matchConfidence matchCurrentAge matchCurrentValue matchCurrentVersion matchDatasources matchDepNames matchDepTypes matchFileNames matchJsonata matchManagers matchNewValue matchPackageNames matchRepositories matchSourceUrls matchUpdateTypes maxMajorIncrement milestone minimumGroupSize minimumReleaseAge minimumReleaseAgeBehaviour minor mode npmToken npmrc npmrcMerge osvVulnerabilityAlerts overrideDatasource overrideDepName overridePackageName packageRules patch pin pinDigest pinDigests platformAutomerge platformCommit postUpdateOptions postUpgradeTasks prBodyColumns prBodyDefinitions prBodyHeadingDefinitions prBodyNotes prBodyTemplate prConcurrentLimit prCreation prFooter prHeader prHourlyLimit prNotPendingHours prPriority prTitle prTitleStrict printConfig pruneBranchAfterAutomerge pruneStaleBranches rangeStrategy rebaseLabel rebaseWhen recreateWhen registryAliases registryUrls replacement replacementApproach replacementName replacementNameTemplate replacementVersion replacementVersionTemplate respectLatest reviewers reviewersFromCodeOwners reviewersSampleSize rollback rollbackPrs schedule semanticCommitScope semanticCommitType semanticCommits separateMajorMinor separateMinorPatch separateMultipleMajor separateMultipleMinor skipArtifactsUpdate skipInstalls sourceDirectory sourceUrl statusCheckNames stopUpdatingLabel suppressNotifications timezone toolSettings updateInternalDeps updateNotScheduled updatePinnedDependencies useBaseBranchConfig userStrings versionCompatibility versioning vulnerabilityAlerts vulnerabilityFixStrategy'

describe('docs/policy.md says what becomes of', () => {
  for (const [file, options, section] of [
    ['dependabot.yml', keysOfDependabot, dependabot],
    ['renovate.json', optionsOfRenovate, renovate],
  ] as const) {
    const names = options.split(' ')
    test(`each of the ${names.length} options of ${file}`, () => {
      const named = new Set(section.match(/(?<=`)[\w-]+(?=`)/g))
      assert.deepEqual(
        names.filter(name => !named.has(name)),
        [],
      )
    })
  }
})
