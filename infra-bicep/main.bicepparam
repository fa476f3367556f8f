// What azd reads. `azd env set HOLDFAST_SIZE prod` chooses the second column.

using 'main.bicep'

var sizes = {
  dev: {
    instances: 10
    pool: 3
    alwaysReady: 1
    zoneRedundant: false
    schedulerSku: 'Consumption'
    schedulerCapacity: 1
    historyDays: 7
    databaseTier: 'Burstable'
    databaseMachine: 'Standard_B1ms'
    databaseGiB: 32
    backupDays: 7
    logDays: 30
    modelCapacity: 30
  }
  prod: {
    instances: 100
    pool: 8
    alwaysReady: 2
    zoneRedundant: true
    schedulerSku: 'Dedicated'
    schedulerCapacity: 1
    historyDays: 30
    databaseTier: 'GeneralPurpose'
    databaseMachine: 'Standard_D2ds_v5'
    databaseGiB: 128
    backupDays: 35
    logDays: 90
    modelCapacity: 300
  }
}
var size = sizes[readEnvironmentVariable('HOLDFAST_SIZE', 'dev')]
var roles = readEnvironmentVariable('HOLDFAST_OWNER_ROLES', 'submit,approve,read,admin')

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param ownerId = readEnvironmentVariable('HOLDFAST_OWNER_ID', '')
param ownerName = readEnvironmentVariable('HOLDFAST_OWNER_NAME', '')
param ownerType = readEnvironmentVariable('HOLDFAST_OWNER_TYPE', 'User')
param identity = readEnvironmentVariable('HOLDFAST_IDENTITY', 'platform')
param ownerRoles = roles == 'none' ? [] : split(roles, ',')
param apiClientId = readEnvironmentVariable('HOLDFAST_API_CLIENT_ID', '')
param modelEndpoint = readEnvironmentVariable('HOLDFAST_MODEL_ENDPOINT', '')
param modelName = readEnvironmentVariable('HOLDFAST_MODEL_NAME', 'gpt-5.4')
param modelVersion = readEnvironmentVariable('HOLDFAST_MODEL_VERSION', '')
param modelSku = readEnvironmentVariable('HOLDFAST_MODEL_SKU', 'GlobalStandard')
param url = readEnvironmentVariable('HOLDFAST_URL', '')
param linkKey = readEnvironmentVariable('HOLDFAST_LINK_KEY', '')
param mailServer = readEnvironmentVariable('HOLDFAST_MAIL_SERVER', '')
param mailPort = readEnvironmentVariable('HOLDFAST_MAIL_PORT', '')
param mailFrom = readEnvironmentVariable('HOLDFAST_MAIL_FROM', '')
param mailUser = readEnvironmentVariable('HOLDFAST_MAIL_USER', '')
param mailPassword = readEnvironmentVariable('HOLDFAST_MAIL_PASSWORD', '')
param teamsWebhook = readEnvironmentVariable('HOLDFAST_TEAMS_WEBHOOK', '')
param webhookUrl = readEnvironmentVariable('HOLDFAST_WEBHOOK_URL', '')
param webhookSecret = readEnvironmentVariable('HOLDFAST_WEBHOOK_SECRET', '')
param modelCapacity = size.modelCapacity
param update = readEnvironmentVariable('HOLDFAST_UPDATE', 'Recreate')
param memory = 2048
param instances = size.instances
param pool = size.pool
param alwaysReady = size.alwaysReady
param zoneRedundant = size.zoneRedundant
param schedulerSku = size.schedulerSku
param schedulerCapacity = size.schedulerCapacity
param historyDays = size.historyDays
param databaseTier = size.databaseTier
param databaseMachine = size.databaseMachine
param databaseGiB = size.databaseGiB
param backupDays = size.backupDays
param logDays = size.logDays
