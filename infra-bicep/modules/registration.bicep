// What Entra knows of the API: its five roles, and who has which. It has no secret: tokens are checked, none is asked for.

extension microsoftGraphV1

@description('Never changes: another one is another registration.')
param name string

@description('Who gets roles at once, so that there is somebody who may ask and approve; empty for nobody.')
param firstPerson string

@description('The roles that the first person gets.')
param firstRoles array

// The Azure CLI, as every tenant knows it: whoever is signed in to it may ask for a token.
var azureCli = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
var identifier = 'api://${tenant().tenantId}/${name}'
var scopeId = guid(name, 'scope')

var meanings = {
  submit: 'May start runs and see their own.'
  approve: 'May decide what waits for a person.'
  read: 'May see every run of the tenant.'
  admin: 'May do what no other role may: cancel, retry, decide what nobody else can.'
  delegate: 'May name another person as the one who asks.'
}

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: name
  displayName: name
  signInAudience: 'AzureADMyOrg'
  identifierUris: [identifier]
  appRoles: map(items(meanings), role => {
    id: guid(name, 'role', role.key)
    value: role.key
    displayName: role.key
    description: role.value
    allowedMemberTypes: ['User', 'Application']
    isEnabled: true
  })
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: scopeId
        value: 'call'
        type: 'User'
        adminConsentDisplayName: 'Call ${name}'
        adminConsentDescription: 'Calls ${name} as the person who is signed in.'
        isEnabled: true
      }
    ]
    preAuthorizedApplications: [
      {
        appId: azureCli
        delegatedPermissionIds: [scopeId]
      }
    ]
  }
}

// Without a role there is no token.
resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
  appRoleAssignmentRequired: true
}

resource given 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [for role in (empty(firstPerson) ? [] : firstRoles): {
  appRoleId: guid(name, 'role', role)
  principalId: firstPerson
  resourceId: principal.id
}]

output clientId string = application.appId
output identifier string = identifier
