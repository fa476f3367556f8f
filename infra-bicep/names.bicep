// Every name of a resource is made here: its kind, the environment, and a token that belongs to subscription, environment and region.

@export()
func nameOf(kind string, environment string, token string) string => toLower('${kind}-${environment}-${token}')

// Where hyphens are not allowed.
@export()
func bareNameOf(kind string, token string) string => toLower('${kind}${token}')
