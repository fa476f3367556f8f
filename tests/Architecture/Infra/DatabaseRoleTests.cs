using System.Diagnostics;

namespace Holdfast.Architecture.Infra;

/// <summary>infra-bicep/hooks/database-role.sh, with the Azure CLI and psql played by scripts that write down what they are asked.</summary>
public sealed class DatabaseRoleTests : IDisposable
{
    private const string Az = """
        #!/bin/sh
        echo "az $*" >>"$ASKED/log"
        case "$*" in *get-access-token*) echo a-token ;; *"--method put"*) rm "$ASKED/refuses" ;; esac
        """;

    private const string Psql = """
        #!/bin/sh
        echo "psql $* as $PGUSER at $PGHOST by $PGSSLMODE" >>"$ASKED/log"
        [ "$PGPASSWORD" = a-token ] || exit 3
        [ ! -e "$ASKED/refuses" ] || { echo 'FATAL:  no pg_hba.conf entry for host "203.0.113.7", user "owner@example.org", database "postgres", SSL encryption' >&2; exit 2; }
        case "$*" in *ON_ERROR_STOP*) cat >>"$ASKED/log"; [ ! -e "$ASKED/fails" ] ;; esac
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
        Assert.Contains("--set role=id-demo --set object=0001 --set database=holdfast --dbname holdfast as owner@example.org at demo.example by verify-full", Asked, StringComparison.Ordinal);
        Assert.DoesNotContain("firewallRules", Asked, StringComparison.Ordinal);
    }

    [Fact]
    public void TheAddressThatTheServerRefusesIsLetInUntilTheEnd()
    {
        File.WriteAllText(Path.Combine(folder, "refuses"), "");
        Assert.Equal(0, Run().Code);
        Assert.Contains("""--body {"properties": {"startIpAddress": "203.0.113.7", "endIpAddress": "203.0.113.7"}}""", Asked, StringComparison.Ordinal);
        Assert.StartsWith("az rest --method delete --uri https://management.azure.com/subscriptions/s/server/firewallRules/postprovision?", Asked.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void ItIsShutOutAgainAlsoWhenTheRoleCannotBeMade()
    {
        File.WriteAllText(Path.Combine(folder, "refuses"), "");
        File.WriteAllText(Path.Combine(folder, "fails"), "");
        Assert.NotEqual(0, Run().Code);
        Assert.StartsWith("az rest --method delete", Asked.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void BeforeProvisioningItOnlySaysWhetherItCould()
    {
        Assert.Equal((0, ""), Run(without: "HOLDFAST_DATABASE", argument: "check"));
        Assert.Equal("az account get-access-token --resource-type oss-rdbms --query accessToken --output tsv", Asked.TrimEnd());
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

    private (int Code, string Said) Run(string? without = null, string argument = "")
    {
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine(Repository.Root, "infra-bicep/hooks/database-role.sh"), argument])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        Dictionary<string, string> variables = new()
        {
            ["ASKED"] = folder,
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
