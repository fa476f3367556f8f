// The engine's store: Durable Task Scheduler and the task hub of this app.

param name string
param location string
param tags object

@description('Who starts instances and works on them.')
param principalId string

@description('Consumption is paid by the action, Dedicated by the capacity unit.')
@allowed(['Consumption', 'Dedicated'])
param sku string

@description('Capacity units, 1 to 3; counts only where they are paid for.')
@minValue(1)
@maxValue(3)
param capacity int

@description('Days that the history of an ended instance is kept; Consumption keeps it for 30 at most. The agent store keeps the run.')
@minValue(1)
@maxValue(90)
param historyDays int

var roles = loadJsonContent('../roles.json')

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    // Who may come in is decided by identity; addresses are a matter of the networks.
    ipAllowlist: ['0.0.0.0/0']
    sku: sku == 'Dedicated' ? {
      name: sku
      capacity: capacity
    } : {
      name: sku
    }
  }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  name: 'holdfast'
}

resource retention 'Microsoft.DurableTask/schedulers/retentionPolicies@2026-02-01' = {
  parent: scheduler
  name: 'default'
  properties: {
    retentionPolicies: [
      {
        retentionPeriodInDays: historyDays
      }
    ]
  }
}

resource mayUseHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, principalId, roles.durableTaskDataContributor.id)
  scope: hub
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.durableTaskDataContributor.id)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

output endpoint string = scheduler.properties.endpoint
output hub string = hub.name
