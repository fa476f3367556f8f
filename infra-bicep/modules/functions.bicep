// The function app: plan, app, settings, and the sign-in that stands before it.

param planName string
param name string
param location string
param tags object

@description('The name that azure.yaml has for the service.')
param service string

@description('The resource id of the identity.')
param identityId string

@description('Its client id.')
param identityClientId string

@description('Its name, which is also its role in the database.')
param identityName string

param storageName string

@description('The address of the container that packages are put into.')
param packages string

param insightsConnectionString string
param schedulerEndpoint string
param hub string
param databaseHost string
param database string
param modelEndpoint string
param modelDeployment string

@description('Who says who asks: the platform, by a sign-in before the app, or API keys.')
@allowed(['platform', 'keys'])
param identity string

@description('Where people reach the app. Empty: at its own name.')
param url string

@description('What signs links, forms and sessions: 32 characters or more, or a reference to a vault. Empty: no pages, and nobody is told anything.')
@secure()
param linkKey string

@description('The mail server, with STARTTLS. Empty: no e-mail.')
param mailServer string

@description('Its port; empty for 587.')
param mailPort string

@description('Who sends, as Refund desk <refunds@example.com>.')
param mailFrom string

param mailUser string

@description('That user\'s password, or a reference to a vault.')
@secure()
param mailPassword string

@description('The address that a Teams workflow gave, which is a secret. Empty: no Teams.')
@secure()
param teamsWebhook string

@description('Where messages are posted, signed. Empty: nowhere.')
param webhookUrl string

@description('What signs them: whsec_ and base64.')
@secure()
param webhookSecret string

@description('The client id of the registration that tokens are for; empty with keys.')
param audienceClientId string

@description('Its identifier, which a token may name instead.')
param audienceIdentifier string

@description('MB of memory of an instance.')
@allowed([512, 2048, 4096])
param memory int

@description('Instances at most.')
@minValue(1)
@maxValue(1000)
param instances int

@description('Connections to the database that an instance holds at most.')
@minValue(1)
param pool int

@description('Instances for orchestrators and activities that never go away.')
@minValue(0)
param alwaysReady int

@description('What an update does to work in flight: Recreate kills it, RollingUpdate (a preview) lets it end, up to an hour.')
@allowed(['RollingUpdate', 'Recreate'])
param update string

@description('Instances are spread over the zones of the region.')
param zoneRedundant bool

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': service })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    siteConfig: {
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packages
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: memory
        maximumInstanceCount: instances
        alwaysReady: [
          {
            name: 'durable'
            instanceCount: alwaysReady
          }
        ]
      }
      // The service knows it, the published types do not.
      #disable-next-line BCP037
      siteUpdateStrategy: {
        type: update
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: {
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
    AZURE_CLIENT_ID: identityClientId
    AZURE_OPENAI_DEPLOYMENT: modelDeployment
    AZURE_OPENAI_ENDPOINT: modelEndpoint
    AzureWebJobsStorage__accountName: storageName
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsStorage__credential: 'managedidentity'
    DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identityClientId};TaskHub=${hub}'
    HOLDFAST_CHANNELS__EMAIL__FROM: mailFrom
    HOLDFAST_CHANNELS__EMAIL__PASSWORD: mailPassword
    HOLDFAST_CHANNELS__EMAIL__PORT: mailPort
    HOLDFAST_CHANNELS__EMAIL__SERVER: mailServer
    HOLDFAST_CHANNELS__EMAIL__USER: mailUser
    HOLDFAST_CHANNELS__TEAMS__WEBHOOK: teamsWebhook
    HOLDFAST_CHANNELS__WEBHOOK__SECRET: webhookSecret
    HOLDFAST_CHANNELS__WEBHOOK__URL: webhookUrl
    HOLDFAST_IDENTITY: identity
    HOLDFAST_LINK_KEY: linkKey
    HOLDFAST_STORE: 'Host=${databaseHost};Database=${database};Username=${identityName};SSL Mode=VerifyFull;Maximum Pool Size=${pool}'
    HOLDFAST_STORE_SIGNIN: 'managedIdentity'
    HOLDFAST_URL: url
    TASKHUB_NAME: hub
  }
}

// Who is not signed in gets a 401 and never reaches the code; only health may be asked by anybody, and /a opened, where a link says whose it is. With keys it is turned off rather than
// left out: what is left out of a template stays as it was.
resource signIn 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: identity == 'platform'
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: ['/health/live', '/health/ready', '/a']
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: identity == 'platform' ? {
      azureActiveDirectory: {
        enabled: true
        registration: {
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          clientId: audienceClientId
        }
        validation: {
          allowedAudiences: [audienceClientId, audienceIdentifier]
        }
      }
    } : {}
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
  dependsOn: [settings]
}

// Packages are published by identity; no user name and password.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

output address string = 'https://${app.properties.defaultHostName}'
