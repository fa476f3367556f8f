// The agent store. Nobody signs in with a password. The app's role is made by hooks/database-role.sh: PostgreSQL makes roles by SQL alone.

param name string
param location string
param tags object

@description('The administrator: a user, group or service principal of Entra.')
param administratorId string

@description('Its name, under which it signs in to PostgreSQL.')
param administratorName string

@allowed(['User', 'Group', 'ServicePrincipal'])
param administratorType string

@allowed(['Burstable', 'GeneralPurpose', 'MemoryOptimized'])
param tier string

@description('The machine, as Standard_B1ms.')
param machine string

@description('GiB; can grow, never shrink.')
param storageGiB int

@description('Days that a point in time can be restored from.')
@minValue(7)
@maxValue(35)
param backupDays int

@description('A second server in another zone takes over when the first is lost. Not with Burstable.')
param standby bool

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: machine
    tier: tier
  }
  properties: {
    version: '17'
    authConfig: {
      activeDirectoryAuth: 'Enabled'
      passwordAuth: 'Disabled'
      tenantId: tenant().tenantId
    }
    storage: {
      storageSizeGB: storageGiB
      autoGrow: 'Enabled'
    }
    backup: {
      backupRetentionDays: backupDays
      geoRedundantBackup: 'Disabled'
    }
    highAvailability: {
      mode: standby ? 'ZoneRedundant' : 'Disabled'
    }
  }
}

// Each after the one before: the server refuses a change while another is under way.
//
// 0.0.0.0 stands for every address inside Azure, other subscriptions' too; who comes from there still needs a token of this tenant.
// It comes first because a server that has just been made often answers its first administrator with
// AadAuthOperationCannotBePerformedWhenServerIsNotAccessible (github.com/Azure/azure-postgresql/issues/127): this gives it time.
resource fromAzure 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2025-08-01' = {
  parent: server
  name: 'azure'
  properties: {
    startIpAddress: '0.0.0.0'
    endIpAddress: '0.0.0.0'
  }
}

resource administrator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = {
  parent: server
  name: administratorId
  properties: {
    principalName: administratorName
    principalType: administratorType
    tenantId: tenant().tenantId
  }
  dependsOn: [fromAzure]
}

// After the administrator, whose it is then. One made before belongs to azuresu, and the administrator could give nobody a right in it
// (github.com/Azure/bicep-registry-modules/issues/3596).
resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: 'holdfast'
  properties: {
    charset: 'UTF8'
  }
  dependsOn: [administrator]
}

output host string = server.properties.fullyQualifiedDomainName
output server string = server.id
output database string = database.name
