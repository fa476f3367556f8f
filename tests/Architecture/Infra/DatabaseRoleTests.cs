using System.Diagnostics;

namespace Holdfast.Architecture.Infra;

/// <summary>infra-bicep/hooks/database-role.sh, with the Azure CLI and psql played by scripts that write down what they are asked.</summary>
public sealed class DatabaseRoleTests : IDisposable
{
    private const string Az = """
        #!/bin/sh
        echo "az $*" >>"$ASKED/log"
        case "$*" in
          *get-access-token*) echo a-token ;;
          *user.type*) cat "$ASKED/type" 2>/dev/null || echo user ;;
          *user.name*) echo somebody@example.org ;;
          *"--method put"*) rm "$ASKED/refuses" ;;
        esac
        """;

    private const string Psql = """
        #!/bin/sh
        echo "psql $* as $PGUSER at $PGHOST by $PGSSLMODE" >>"$ASKED/log"
        [ "$PGPASSWORD" = a-token ] || exit 3
        [ ! -e "$ASKED/refuses" ] || { echo 'FATAL:  no pg_hba.conf entry for host "203.0.113.7", user "owner@example.org", database "postgres", SSL encryption' >&2; exit 2; }
        [ ! -e "$ASKED/unknown" ] || { echo 'FATAL:  password authentication failed for user "owner@example.org"' >&2; exit 2; }
        case "$*" in *ON_ERROR_STOP*) cat >>"$ASKED/log"; [ ! -e "$ASKED/fails" ] || exit 1 ;; esac
        case "$*" in *"--dbname holdfast"*) cat "$ASKED/missing" 2>/dev/null || : ;; esac
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("holdfast-role-").FullName;

    public DatabaseRoleTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The hook is a script of sh.");
        Play("az", Az);
        Play("psql", Psql);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void TheAppGetsItsRoleAndNothingIsOpenedThatIsOpenAlready()
    {
        Assert.Equal(0, Run().Code);
        Assert.Contains("pgaadauth_create_principal_with_oid(:'role', :'object', 'service', false, false) where not exists", Asked, StringComparison.Ordinal);
        Assert.Contains("grant connect, create, temporary on database :\"database\" to :\"role\";", Asked, StringComparison.Ordinal);
        Assert.Contains("grant :\"role\" to current_user;", Asked, StringComparison.Ordinal);
        Assert.Contains("--set role=id-demo --set object=0001 --set database=holdfast --dbname holdfast as owner@example.org at demo.example by verify-full", Asked, StringComparison.Ordinal);
        Assert.DoesNotContain("firewallRules", Asked, StringComparison.Ordinal);
    }

    [Fact]
    public void TheAddressThatTheServerRefusesIsLetInUntilTheEnd()
    {
        Note("refuses");
        Assert.Equal(0, Run().Code);
        Assert.Contains("""--body {"properties": {"startIpAddress": "203.0.113.7", "endIpAddress": "203.0.113.7"}}""", Asked, StringComparison.Ordinal);
        Assert.StartsWith("az rest --method delete --uri https://management.azure.com/subscriptions/s/server/firewallRules/postprovision?", Asked.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void ItIsShutOutAgainAlsoWhenTheRoleCannotBeMade()
    {
        Note("refuses");
        Note("fails");
        Assert.NotEqual(0, Run().Code);
        Assert.StartsWith("az rest --method delete", Asked.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void ARightThatTheServerDidNotGiveIsNoSuccess()
    {
        Note("missing", "its schema public belongs to azuresu");
        var (code, said) = Run();
        Assert.Equal(1, code);
        Assert.StartsWith("id-demo may not make its tables in holdfast: its schema public belongs to azuresu, and owner@example.org can give no right in what is not its own.", said, StringComparison.Ordinal);
    }

    [Fact]
    public void WhoIsNotTheAdministratorIsToldAsWhomTheCliIsSignedIn()
    {
        Note("unknown");
        var (code, said) = Run();
        Assert.Equal(1, code);
        Assert.StartsWith("demo.example cannot be reached as owner@example.org (the Azure CLI is signed in as somebody@example.org): FATAL:  password authentication failed", said, StringComparison.Ordinal);
    }

    [Fact]
    public void AnOperatorsCommandRunsInTheAppsRoleAndTheDoorIsShutBehindIt()
    {
        Note("refuses");
        Assert.Equal(3, Run(arguments: ["run", "sh", "-c", "echo \"$HOLDFAST_STORE for ${#HOLDFAST_STORE_PASSWORD} characters\" >>\"$ASKED/log\"; exit 3"]).Code);
        Assert.Contains("Host=demo.example;Database=holdfast;Username=owner@example.org;SSL Mode=VerifyFull;Maximum Pool Size=2;Options=-c role=id-demo for 7 characters", Asked, StringComparison.Ordinal);
        Assert.DoesNotContain("grant", Asked, StringComparison.Ordinal);
        Assert.StartsWith("az rest --method delete", Asked.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void BeforeProvisioningItOnlySaysWhetherItCould()
    {
        Assert.Equal((0, ""), Run("HOLDFAST_DATABASE", "check"));
        Assert.Equal(
            "az account get-access-token --subscription s --resource-type oss-rdbms --query accessToken --output tsv\naz account show --subscription s --query user.type --output tsv", Asked.TrimEnd());
    }

    [Fact]
    public void AServicePrincipalWithoutANameIsToldBeforeAnythingIsMade()
    {
        Note("type", "servicePrincipal");
        var (code, said) = Run(arguments: "check");
        Assert.Equal(1, code);
        Assert.Contains("azd env set HOLDFAST_OWNER_NAME NAME", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HOLDFAST_DATABASE_ADMINISTRATOR", "azd env set HOLDFAST_OWNER_NAME NAME")]
    [InlineData("HOLDFAST_DATABASE_HOST", "azd hooks run postprovision")]
    public void AVariableThatIsMissingIsNamedWithWhatToType(string variable, string remedy)
    {
        var (code, said) = Run(without: variable);
        Assert.Equal(1, code);
        Assert.StartsWith($"{variable} is not set.", said, StringComparison.Ordinal);
        Assert.Contains(remedy, said, StringComparison.Ordinal);
    }

    [Fact]
    public void TheTokenIsNeverAnArgumentAndNeverSaid()
    {
        var (_, said) = Run();
        Assert.DoesNotContain("a-token", Asked + said, StringComparison.Ordinal);
    }

    private string Asked => File.ReadAllText(Path.Combine(folder, "log"));

    private void Note(string name, string text = "") => File.WriteAllText(Path.Combine(folder, name), text);

    private (int Code, string Said) Run(string? without = null, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine(Repository.Root, "infra-bicep/hooks/database-role.sh"), .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        Dictionary<string, string> variables = new()
        {
            ["ASKED"] = folder,
            ["AZURE_SUBSCRIPTION_ID"] = "s",
            ["HOLDFAST_DATABASE"] = "holdfast",
            ["HOLDFAST_DATABASE_ADMINISTRATOR"] = "owner@example.org",
            ["HOLDFAST_DATABASE_HOST"] = "demo.example",
            ["HOLDFAST_DATABASE_ROLE"] = "id-demo",
            ["HOLDFAST_DATABASE_ROLE_OBJECT"] = "0001",
            ["HOLDFAST_DATABASE_SERVER"] = "/subscriptions/s/server",
            ["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}",
        };
        foreach (var (name, value) in variables.Where(variable => variable.Key != without))
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said);
    }

    private void Play(string name, string script)
    {
        var file = Path.Combine(folder, name);
        File.WriteAllText(file, script.ReplaceLineEndings("\n") + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
