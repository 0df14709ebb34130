import { spawnSync } from 'node:child_process'

/** What git ended with, its standard output and its messages. */
export interface GitResult {
  readonly exitCode: number
  readonly output: string
}

export interface GitCheckout {
  /** Runs git and returns whatever came of it. */
  git(...commandLine: string[]): GitResult
  /** As `git`, and throws unless it succeeds. */
  succeed(...commandLine: string[]): string
}

/** A fresh repository with the branch `main`, without any configuration of this host. */
export function gitCheckout(folder: string): GitCheckout {
  const git = (...commandLine: string[]): GitResult => {
    const result = spawnSync('git', commandLine, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_SYSTEM: '/dev/null',
      },
    })
    return { exitCode: result.status ?? 255, output: result.stdout + result.stderr }
  }
  const succeed = (...commandLine: string[]): string => {
    const { exitCode, output } = git(...commandLine)
    if (exitCode !== 0) throw new Error(`git ${commandLine.join(' ')}: ${output}`)
    return output
  }
  succeed('init', '--quiet', '--initial-branch=main')
  succeed('config', 'user.name', 'Test')
  succeed('config', 'user.email', 'test@example.org')
  return { git, succeed }
}
