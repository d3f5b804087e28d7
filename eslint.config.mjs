import tseslint from 'typescript-eslint';

const noVscode = {
  name: 'vscode',
  message: 'The VS Code API belongs in main.ts and extension/vscode/.',
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'test/**/out/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'no-restricted-imports': ['error', { paths: [noVscode] }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowNullish: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    // node:test's functions return promises that the runner itself awaits.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
  {
    files: ['extension/main.ts', 'extension/vscode/**/*.ts', 'test/workbench/host/**/*.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    // The agent runs alone on the target.
    files: ['remote-agent/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [noVscode], patterns: [{ group: ['**/extension/**', '**/build/**', '**/test/**'] }] },
      ],
    },
  },
  {
    // The engine knows neither VS Code nor SSH, and of the agent only the wire protocol.
    files: ['extension/recording/**/*.ts', 'extension/tracing/engine.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [noVscode, { name: 'ssh2', message: 'The engine does not know SSH.' }],
          patterns: [
            {
              group: ['**/target/**', '!**/target/connection.ts', '**/vscode/**', '**/cli/**', '**/debug/**'],
            },
          ],
        },
      ],
    },
  },
);
