// Holdfast in Azure, from an empty subscription: what is needed for a run, and for a person to approve it. docs/running-on-functions.md.

targetScope = 'subscription'

import { nameOf, bareNameOf } from 'names.bicep'

@description('The environment: letters, digits and hyphens. Everything is named after it.')
@minLength(1)
@maxLength(24)
param environmentName string

@description('The region of everything.')
@minLength(1)
param location string

@description('The name that azure.yaml has for the function app.')
param service string = 'app'

@description('Who administers the database and gets the first roles: an object id of Entra. Empty: whoever deploys.')
param ownerId string = ''

@description('The name of that principal. Empty: that of the user who deploys; to be given when no user deploys.')
param ownerName string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
param ownerType string = 'User'

@description('Who says who asks: the platform, by a sign-in of Entra before the app, or API keys.')
@allowed(['platform', 'keys'])
param identity string = 'platform'

@description('The roles that the owner gets in the API; counts only where a registration is made.')
param ownerRoles array = ['submit', 'approve', 'read', 'admin']

@description('The client id of a registration that there is. Empty: one is made, which needs the right to register applications.')
param apiClientId string = ''

@description('The address of an Azure OpenAI resource that there is. Empty: one is made.')
param modelEndpoint string = ''

@description('The model to deploy, or the deployment that there is.')
param modelName string

@description('Empty: the version that is the default when it is deployed.')
param modelVersion string = ''

@allowed(['GlobalStandard', 'DataZoneStandard', 'Standard'])
param modelSku string = 'GlobalStandard'

@description('Where people reach the app. Empty: at its own name.')
param url string = ''

@description('What signs links, forms and sessions: 32 characters or more, or a reference to a vault. Empty: no pages, and nobody is told anything.')
@secure()
param linkKey string = ''

@description('The mail server, with STARTTLS. Empty: no e-mail.')
param mailServer string = ''

@description('Its port; empty for 587.')
param mailPort string = ''

@description('Who sends, as Refund desk <refunds@example.com>.')
param mailFrom string = ''

param mailUser string = ''

@description('That user\'s password, or a reference to a vault.')
@secure()
param mailPassword string = ''

@description('The address that a Teams workflow gave, which is a secret. Empty: no Teams.')
@secure()
param teamsWebhook string = ''

@description('Where messages are posted, signed. Empty: nowhere.')
param webhookUrl string = ''

@description('What signs them: whsec_ and base64.')
@secure()
param webhookSecret string = ''

@description('Thousands of tokens a minute.')
@minValue(1)
param modelCapacity int

@description('Instances at most.')
@minValue(1)
@maxValue(1000)
param instances int

@allowed([512, 2048, 4096])
@description('MB of memory of an instance.')
param memory int

@description('Instances for orchestrators and activities that never go away.')
@minValue(0)
param alwaysReady int

@description('What an update does to work in flight: Recreate kills it, RollingUpdate (a preview) lets it end.')
@allowed(['RollingUpdate', 'Recreate'])
param update string = 'Recreate'

@description('App, storage and database are spread over zones.')
param zoneRedundant bool

@allowed(['Consumption', 'Dedicated'])
param schedulerSku string

@description('Capacity units, 1 to 3, where they are paid for.')
@minValue(1)
@maxValue(3)
param schedulerCapacity int

@description('Days that the history of an ended instance is kept; the Consumption scheduler keeps it for 30 at most.')
@minValue(1)
@maxValue(90)
param historyDays int

@allowed(['Burstable', 'GeneralPurpose', 'MemoryOptimized'])
param databaseTier string

@description('The machine of the database, as Standard_B1ms.')
param databaseMachine string

@description('Connections to the database that an instance holds at most. Times the instances it stays under what the machine takes; with RollingUpdate twice that.')
@minValue(1)
param pool int

@description('GiB of the database.')
param databaseGiB int

@description('Days that the database can be taken back to.')
@minValue(7)
@maxValue(35)
param backupDays int

@description('Days that logs are kept.')
param logDays int

var token = uniqueString(subscription().subscriptionId, environmentName, location)
var tags = { 'azd-env-name': environmentName }
var owner = empty(ownerId) ? deployer().objectId : ownerId
var makesRegistration = identity == 'platform' && empty(apiClientId)
var audience = identity == 'keys' ? '' : makesRegistration ? registration!.outputs.identifier : 'api://${apiClientId}'
var ownerSignsInAs = empty(ownerName) ? (deployer().?userPrincipalName ?? '') : ownerName

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: nameOf('rg', environmentName, token)
  location: location
  tags: tags
}

module appIdentity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: nameOf('id', environmentName, token)
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: nameOf('log', environmentName, token)
    insightsName: nameOf('appi', environmentName, token)
    location: location
    tags: tags
    principalId: appIdentity.outputs.principalId
    retentionDays: logDays
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: bareNameOf('st', token)
    location: location
    tags: tags
    principalId: appIdentity.outputs.principalId
    redundancy: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS'
  }
}

module scheduler 'modules/scheduler.bicep' = {
  name: 'scheduler'
  scope: group
  params: {
    name: nameOf('dts', environmentName, token)
    location: location
    tags: tags
    principalId: appIdentity.outputs.principalId
    sku: schedulerSku
    capacity: schedulerCapacity
    historyDays: historyDays
  }
}

module database 'modules/database.bicep' = {
  name: 'database'
  scope: group
  params: {
    name: nameOf('psql', environmentName, token)
    location: location
    tags: tags
    administratorId: owner
    administratorName: ownerSignsInAs
    administratorType: ownerType
    tier: databaseTier
    machine: databaseMachine
    storageGiB: databaseGiB
    backupDays: backupDays
    standby: zoneRedundant
  }
}

module model 'modules/model.bicep' = if (empty(modelEndpoint)) {
  name: 'model'
  scope: group
  params: {
    name: nameOf('oai', environmentName, token)
    location: location
    tags: tags
    principalId: appIdentity.outputs.principalId
    model: modelName
    version: modelVersion
    sku: modelSku
    capacity: modelCapacity
  }
}

module registration 'modules/registration.bicep' = if (makesRegistration) {
  name: 'registration'
  scope: group
  params: {
    name: nameOf('holdfast', environmentName, token)
    firstPerson: owner
    firstRoles: ownerRoles
  }
}

module functions 'modules/functions.bicep' = {
  name: 'functions'
  scope: group
  params: {
    planName: nameOf('plan', environmentName, token)
    name: nameOf('func', environmentName, token)
    location: location
    tags: tags
    service: service
    identityId: appIdentity.outputs.id
    identityClientId: appIdentity.outputs.clientId
    identityName: appIdentity.outputs.name
    storageName: storage.outputs.name
    packages: storage.outputs.packages
    insightsConnectionString: monitoring.outputs.connectionString
    schedulerEndpoint: scheduler.outputs.endpoint
    hub: scheduler.outputs.hub
    databaseHost: database.outputs.host
    database: database.outputs.database
    pool: pool
    modelEndpoint: empty(modelEndpoint) ? model!.outputs.endpoint : modelEndpoint
    modelDeployment: empty(modelEndpoint) ? model!.outputs.deployment : modelName
    identity: identity
    url: url
    linkKey: linkKey
    mailServer: mailServer
    mailPort: mailPort
    mailFrom: mailFrom
    mailUser: mailUser
    mailPassword: mailPassword
    teamsWebhook: teamsWebhook
    webhookUrl: webhookUrl
    webhookSecret: webhookSecret
    audienceClientId: makesRegistration ? registration!.outputs.clientId : apiClientId
    audienceIdentifier: audience
    memory: memory
    instances: instances
    alwaysReady: alwaysReady
    update: update
    zoneRedundant: zoneRedundant
  }
}

// What the hooks and the first request need; azd keeps them with the environment.
output AZURE_RESOURCE_GROUP string = group.name
output HOLDFAST_ADDRESS string = functions.outputs.address
output HOLDFAST_AUDIENCE string = audience
output HOLDFAST_DATABASE string = database.outputs.database
output HOLDFAST_DATABASE_HOST string = database.outputs.host
output HOLDFAST_DATABASE_SERVER string = database.outputs.server
output HOLDFAST_DATABASE_ADMINISTRATOR string = ownerSignsInAs
output HOLDFAST_DATABASE_ROLE string = appIdentity.outputs.name
output HOLDFAST_DATABASE_ROLE_OBJECT string = appIdentity.outputs.principalId
