using System.Diagnostics;

namespace Holdfast.Architecture.Infra;

/// <summary>infra-bicep/hooks/sign-in.sh, with curl played by a script that answers what the test says, path by path, and writes down what it is asked.</summary>
public sealed class SignInHookTests : IDisposable
{
    private const string Curl = """
        #!/bin/sh
        for last in "$@"; do :; done
        echo "$*" >>"$ASKED/log"
        page=$ASKED/$(basename "$last")
        head -n 1 "$page" | tr -d '\n'
        [ "$(wc -l <"$page")" -lt 2 ] || sed -i 1d "$page"
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("holdfast-sign-in-").FullName;

    public SignInHookTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The hook is a script of sh.");
        Play("curl", Curl);
        Play("sleep", "#!/bin/sh\necho waits >>\"$ASKED/log\"");
        Answers("runs", "401");
        Answers("approvals", "401");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void WhereThePlatformStopsWhoMadeUpWhoTheyAreItIsWell()
    {
        Assert.Equal((0, "The platform asks who calls.\n"), Run());
        Assert.Contains("https://demo.example/api/runs", Asked, StringComparison.Ordinal);
        Assert.Contains("https://demo.example/approvals", Asked, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("runs", "200")]
    [InlineData("approvals", "200")]
    [InlineData("approvals", "403")]
    [InlineData("runs", "302")]
    public void WhereItLetsThemThroughTheDeploymentFailsAndSaysWhatToType(string page, string status)
    {
        Answers(page, status);
        var (code, said) = Run();
        Assert.Equal(1, code);
        Assert.Contains($"{page} answers {status} to a caller who made up who he is", said, StringComparison.Ordinal);
        Assert.Contains("azd env set HOLDFAST_IDENTITY keys", said, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAppThatIsNotUpYetIsWaitedFor()
    {
        Answers("runs", "000", "503", "401");
        Assert.Equal(0, Run().Code);
        Assert.Equal(2, Asked.Split("waits").Length - 1);
    }

    [Fact]
    public void AnAppThatNeverComesUpIsNotTakenForASafeOne()
    {
        Answers("runs", "503");
        var (code, said) = Run();
        Assert.Equal(1, code);
        Assert.Contains("azd hooks run postdeploy", said, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereCallersHaveKeysThereIsNothingToAsk()
    {
        Assert.Equal((0, ""), Run(audience: ""));
        Assert.False(File.Exists(Path.Combine(folder, "log")));
    }

    private string Asked => File.ReadAllText(Path.Combine(folder, "log"));

    private (int Code, string Said) Run(string audience = "api://demo")
    {
        var start = new ProcessStartInfo("/bin/sh", [Path.Combine(Repository.Root, "infra-bicep/hooks/sign-in.sh")]) { RedirectStandardError = true };
        start.Environment["ASKED"] = folder;
        start.Environment["HOLDFAST_ADDRESS"] = "https://demo.example";
        start.Environment["HOLDFAST_AUDIENCE"] = audience;
        start.Environment["PATH"] = $"{folder}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said);
    }

    private void Answers(string page, params string[] statuses) => File.WriteAllText(Path.Combine(folder, page), string.Join('\n', statuses) + "\n");

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
