using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Holdfast.Sqlite;
using Microsoft.Data.Sqlite;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

/// <summary>The crash host as a process of its own.</summary>
internal sealed class HostProcess : IDisposable
{
    // Real time throughout: what is tested is a real process, and this bound only turns a hang into a failure.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = [];
    private readonly ConcurrentQueue<string> errors = [];
    private readonly TaskCompletionSource ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource works = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HostProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) =>
        {
            lines.Enqueue(line.Data ?? string.Empty);
            if (line.Data is null or "ready")
            {
                ready.TrySetResult();
            }

            if (line.Data is null or "works")
            {
                works.TrySetResult();
            }
        };
        process.ErrorDataReceived += (_, line) => errors.Enqueue(line.Data ?? string.Empty);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public int ExitCode => process.ExitCode;

    public bool HasSaid(string line) => lines.Contains(line);

    /// <summary>Everything, what went to the error stream last.</summary>
    public string Said => string.Join('\n', lines.Concat(errors));

    public static HostProcess Start(CrashSite site, string scene, int count, string? crashPoint = null, int nth = 0, params (string Name, string Value)[] environment)
    {
        var tests = new DirectoryInfo(AppContext.BaseDirectory);
        var dll = Path.Combine(tests.Parent!.Parent!.Parent!.Parent!.FullName, "Durable.Embedded.CrashHost", "bin", tests.Parent.Name, tests.Name,
            "Holdfast.Durable.Embedded.CrashHost.dll");
        var start = new ProcessStartInfo(DotnetPath()) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[dll, site.Path, scene, count.ToString(CultureInfo.InvariantCulture)])
        {
            start.ArgumentList.Add(argument);
        }

        if (crashPoint is not null)
        {
            start.ArgumentList.Add(crashPoint);
            start.ArgumentList.Add(nth.ToString(CultureInfo.InvariantCulture));
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new HostProcess(Process.Start(start)!);
    }

    /// <summary>Until the engine runs, or the process has ended.</summary>
    public Task ReadyAsync() => ready.Task.WaitAsync(Patience);

    /// <summary>Until a step has been noted, or the process has ended.</summary>
    public Task WorksAsync() => works.Task.WaitAsync(Patience);

    public Task ExitAsync() => process.WaitForExitAsync().WaitAsync(Patience);

    /// <summary>kill -9, and proof that it was the kill that ended the process, unless that was done with its work.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await ExitAsync();
        Assert.True(ExitCode == 128 + 9 || (ExitCode == 0 && HasSaid("done")), $"The host ended with {ExitCode} before it was killed: {Said}");
    }

    public async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        process.Dispose();
    }

    private static string DotnetPath() => Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
}

/// <summary>A directory that survives the processes, and what can be read there between two of them.</summary>
internal sealed class CrashSite : IDisposable
{
    private readonly HashSet<(string Id, long Step)> recorded = [];
    private readonly HashSet<string> met = [];
    private int judged;

    public string Path { get; } = Directory.CreateTempSubdirectory("holdfast-crash-").FullName;

    public List<string> Violations { get; } = [];

    public IReadOnlyList<string> Ledger => Lines("ledger");

    /// <summary>
    /// Reads what is on the disk after a process has ended, and holds it against what was there after the one before: an id that was
    /// accepted is there, and a step that was recorded then has not been in the ledger since.
    /// </summary>
    public IReadOnlyDictionary<string, OrchestrationRuntimeStatus> Judge()
    {
        var ledger = Ledger;
        foreach (var line in ledger.Skip(judged))
        {
            var parts = line.Split(' ');
            var step = (parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture));
            if (recorded.Contains(step))
            {
                Violations.Add($"step {step} was recorded and ran again");
            }

            if (parts[2] != StepKey.Of(step.Item1, step.Item2))
            {
                Violations.Add($"step {step} has another key");
            }
        }

        judged = ledger.Count;
        var statuses = ReadDatabase();
        foreach (var id in Lines("accepted").Where(line => !line.Contains('/', StringComparison.Ordinal)).Concat(met).Where(id => !statuses.ContainsKey(id)))
        {
            Violations.Add($"instance {id} was lost");
        }

        met.UnionWith(statuses.Keys);
        return statuses;
    }

    public IReadOnlyDictionary<string, string?> Payloads(string id) => Query(
        $"SELECT i.id, (SELECT h.payload FROM history h WHERE h.instance = i.key ORDER BY h.seq DESC LIMIT 1) FROM instances i WHERE i.id = '{id}'",
        row => (row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1))).ToDictionary();

    public string? Cause(string id) => Query($"SELECT cause FROM instances WHERE id = '{id}'", row => row.IsDBNull(0) ? null : row.GetString(0)).Single();

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private string[] Lines(string file) => File.Exists(System.IO.Path.Combine(Path, file)) ? File.ReadAllLines(System.IO.Path.Combine(Path, file)) : [];

    private Dictionary<string, OrchestrationRuntimeStatus> ReadDatabase()
    {
        var before = Query("SELECT id, status, steps_before FROM instances", row => (Id: row.GetString(0), Status: row.GetInt32(1), Before: row.GetInt64(2)));
        recorded.UnionWith(Query("SELECT i.id, h.step FROM history h JOIN instances i ON i.key = h.instance WHERE h.kind = 2", row => (row.GetString(0), row.GetInt64(1))));

        // Of an earlier generation every step is done, and its history gone.
        recorded.UnionWith(before.SelectMany(row => Enumerable.Range(1, (int)row.Before).Select(step => (row.Id, (long)step))));
        return before.ToDictionary(row => row.Id, row => (OrchestrationRuntimeStatus)row.Status);
    }

    private List<T> Query<T>(string sql, Func<SqliteDataReader, T> read)
    {
        var file = System.IO.Path.Combine(Path, "data", "engine.db");
        if (!File.Exists(file))
        {
            return [];
        }

        using var connection = DatabaseFile.OpenReader(file);
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        List<T> rows = [];
        try
        {
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                rows.Add(read(reader));
            }
        }
        catch (SqliteException e) when (e.SqliteErrorCode == SQLitePCL.raw.SQLITE_ERROR)
        {
            // Killed before its first migration: there is no table yet.
        }

        return rows;
    }
}
