using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Holdfast.Agents.Testing;

/// <summary>
/// A PostgreSQL of this process alone: in a directory of its own, reached through a socket in it, as an unprivileged user. It ends and its
/// directory goes when this is disposed or the process ends, however that ends: its keeper is a shell that reads from this process.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Keeper = """
        set -eu
        cd /
        bin=$1 durable=$2
        home=$(mktemp -d /tmp/holdfast-pg-XXXXXX)
        pid=
        ending() {
          [ -z "$pid" ] || { kill -INT "$pid" 2>/dev/null && wait "$pid" || :; }
          rm -rf "$home"
        }
        trap ending EXIT
        trap '' INT TERM HUP
        "$bin/initdb" -D "$home/data" -U holdfast -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$home/initdb.log" 2>&1 || { cat "$home/initdb.log" >&2; exit 1; }
        {
          echo "listen_addresses = ''"
          echo "unix_socket_directories = '$home'"
          echo "max_connections = 300"
          echo "shared_buffers = 128MB"
          echo "logging_collector = off"
          if [ "$durable" = no ]; then echo "fsync = off"; echo "full_page_writes = off"; fi
        } >>"$home/data/postgresql.conf"
        { echo "local all with_password scram-sha-256"; cat "$home/data/pg_hba.conf"; } >"$home/hba" && mv "$home/hba" "$home/data/pg_hba.conf"
        echo "$home"
        while read -r word; do
          case $word in
            start)
              "$bin/postgres" -D "$home/data" >>"$home/server.log" 2>&1 </dev/null &
              pid=$!
              echo started ;;
            kill)
              # Held first: one that it forks meanwhile would outlive it, wait for ever on a dead one's lock, and keep the memory that the next start asks for.
              kill -STOP "$pid"
              until [ "$(ps -o state= -p "$pid")" = T ]; do :; done
              all=$(ps -o pid= --ppid "$pid")
              kill -9 $all "$pid" 2>/dev/null || :
              wait "$pid" 2>/dev/null || :
              for one in $all; do
                until case $(ps -o state= -p "$one") in ''|Z) ;; *) false ;; esac; do :; done
              done
              pid=
              echo killed ;;
            stop)
              kill -INT "$pid" && wait "$pid" || :
              pid=
              echo stopped ;;
          esac
        done
        """;

    /// <summary>Why a test that starts one is not run here.</summary>
    public const string NotInstalled = "PostgreSQL is not installed. On Debian or Ubuntu: apt-get install postgresql.";

    private static readonly Lazy<Task<PostgresServer>> OfProcess = new(() => StartAsync());
    private static int databases;

    private readonly Process keeper;
    private readonly string home;

    private PostgresServer(Process keeper, string home)
    {
        this.keeper = keeper;
        this.home = home;
    }

    public static bool IsInstalled => FindBinaries() is not null;

    /// <summary>The one that the tests of this process share. It keeps nothing over a kill of its own.</summary>
    public static Task<PostgresServer> SharedAsync() => OfProcess.Value;

    /// <param name="durable">Whether it flushes to the disk: for tests that kill it.</param>
    /// <exception cref="InvalidOperationException">No PostgreSQL is installed, or it does not start.</exception>
    public static async Task<PostgresServer> StartAsync(bool durable = false)
    {
        var start = new ProcessStartInfo { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        string[] shell = ["sh", "-c", Keeper, "keeper", FindBinaries() ?? throw new InvalidOperationException(NotInstalled), durable ? "yes" : "no"];
        string[] command = Environment.UserName == "root" ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--", .. shell] : shell;
        start.FileName = command[0];
        Array.ForEach(command[1..], start.ArgumentList.Add);
        var keeper = Process.Start(start)!;
        var home = await keeper.StandardOutput.ReadLineAsync()
            ?? throw new InvalidOperationException($"PostgreSQL could not be set up: {await keeper.StandardError.ReadToEndAsync()}");
        var server = new PostgresServer(keeper, home);
        await server.StartServerAsync();
        return server;
    }

    /// <summary>The name of a new schema: as good as a database, and quicker to make.</summary>
    public async Task<string> NewSchemaAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Environment.ProcessId}_{Interlocked.Increment(ref databases)}");
        await ExecuteAsync($"CREATE SCHEMA {name}");
        return name;
    }

    /// <summary>A connection string to a schema.</summary>
    public string ConnectionTo(string schema) => $"{ConnectionString};Search Path={schema}";

    /// <summary>The directory of its socket.</summary>
    public string Socket => home;

    /// <summary>As its owner.</summary>
    public string ConnectionString => $"Host={home};Database=postgres;Username=holdfast";

    /// <summary>What the server has said.</summary>
    public string Log => File.Exists(Path.Combine(home, "server.log")) ? File.ReadAllText(Path.Combine(home, "server.log")) : "";

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <returns>The first value of the first row, as text.</returns>
    public async Task<string?> AskAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (await command.ExecuteScalarAsync())?.ToString();
    }

    /// <summary>kill -9 of the server and of every process that it has.</summary>
    public Task KillAsync() => TellAsync("kill");

    /// <summary>Ends it in order, as for an upgrade.</summary>
    public Task StopServerAsync() => TellAsync("stop");

    /// <summary>Starts it, again after it was killed or stopped, and waits until it serves.</summary>
    public async Task StartServerAsync()
    {
        for (var tries = 0; ; tries++)
        {
            await TellAsync("start");
            if (await ServesAsync())
            {
                return;
            }

            // One that was killed may have left its shared memory for a moment.
            if (tries == 5)
            {
                throw new InvalidOperationException($"PostgreSQL does not start: {Log}");
            }

            await TellAsync("stop");
        }
    }

    public async ValueTask DisposeAsync()
    {
        keeper.StandardInput.Close();
        await keeper.WaitForExitAsync();
        keeper.Dispose();
    }

    private async Task<bool> ServesAsync()
    {
        for (var tries = 0; tries < 600; tries++)
        {
            try
            {
                await ExecuteAsync("SELECT 1");
                return true;
            }
            catch (NpgsqlException) when (tries < 40 || Directory.Exists(Path.Combine(home, "data")) && File.Exists(Path.Combine(home, "data", "postmaster.pid")))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System); // another process, which tells nobody when it is ready
            }
            catch (NpgsqlException)
            {
                return false;
            }
        }

        return false;
    }

    private async Task TellAsync(string word)
    {
        await keeper.StandardInput.WriteLineAsync(word);
        await keeper.StandardInput.FlushAsync();
        _ = await keeper.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"PostgreSQL's keeper has ended: {await keeper.StandardError.ReadToEndAsync()}");
    }

    private static string? FindBinaries()
    {
        var places = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")) : [];
        return places.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')).FirstOrDefault(place => File.Exists(Path.Combine(place, "initdb")) && File.Exists(Path.Combine(place, "postgres")));
    }
}
