using System.Diagnostics;
using Xunit;

namespace Holdfast.Durable.Embedded.Tests;

/// <summary>Real processes, really killed. Fifty instances of twenty noted steps each, with timers, events, children and generations.</summary>
public sealed class KillTests
{
    private const int Instances = 50;

    public static TheoryData<string> CrashPoints => [.. EngineCrashPoints.All];

    [Fact]
    public async Task KilledAtRandomMomentsNothingIsLostAndNoRecordedStepRunsAgain()
    {
        var random = new Random(20260101);
        for (var kills = 0; kills < Torture.Kills;)
        {
            using var site = new CrashSite();
            for (var (done, starts) = (false, 0); !done; starts++)
            {
                Assert.True(starts < 100, "it never ends");
                using var host = HostProcess.Start(site, "mix", Instances);
                await host.ReadyAsync();

                // Real time: the moment of the kill is the point, and it has to fall anywhere in the work. Each process is given a little
                // longer than the one before, so that a busy machine ends too.
                var life = TimeSpan.FromMilliseconds(random.Next(40 + (10 * starts)));
                await Task.WhenAny(host.ExitAsync(), Task.Delay(life, TimeProvider.System));
                await host.KillAsync();
                done = host.HasSaid("done");
                kills += done ? 0 : 1;
                site.Judge();
            }

            await FinishAsync(site);
        }
    }

    [Theory]
    [MemberData(nameof(CrashPoints))]
    public async Task KilledAtEachCrashPointNothingIsLostAndNoRecordedStepRunsAgain(string point)
    {
        for (var seed = 1; seed <= Torture.Seeds; seed++)
        {
            using var site = new CrashSite();
            using (var host = HostProcess.Start(site, "mix", Instances, point, new Random(seed).Next(1, 40)))
            {
                await host.ExitAsync();
                Assert.True(host.HasSaid($"killed at {point}"), $"{point} was not passed often enough with seed {seed}: {host.Said}");
                site.Judge();
            }

            await FinishAsync(site);
        }
    }

    [Theory]
    [InlineData("fail-fast")]
    [InlineData("stack")]
    [InlineData("deep")]
    public async Task WorkThatEndsTheProcessIsPausedAfterFiveAttemptsAndItsNeighboursFinish(string poison)
    {
        using var site = new CrashSite();
        var ends = 0;
        for (var done = false; !done; ends++)
        {
            Assert.True(ends < 10, "it goes on killing the process");
            using var host = HostProcess.Start(site, poison, 10);
            await host.ExitAsync();
            done = host.HasSaid("done");
        }

        var statuses = site.Judge();
        Assert.Equal(OrchestrationRuntimeStatus.Paused, statuses["poison"]);
        Assert.Contains("unclean ends of the process", site.Cause("poison"), StringComparison.Ordinal);
        Assert.All(statuses.Where(one => one.Key != "poison"), one => Assert.Equal(OrchestrationRuntimeStatus.Completed, one.Value));
        Assert.InRange(site.Ledger.Count, 0, 5);
        Assert.InRange(ends, 2, 6);
    }

    [Theory]
    [InlineData("throw", "System.InvalidOperationException")]
    [InlineData("memory", "System.OutOfMemoryException")]
    public async Task WorkThatThrowsFailsAndItsNeighboursFinish(string poison, string cause)
    {
        using var site = new CrashSite();
        using var host = HostProcess.Start(site, poison, 10, environment: ("DOTNET_GCHeapHardLimit", "0x10000000"));
        await host.ExitAsync();
        Assert.True(host.HasSaid("done"), host.Said);
        var statuses = site.Judge();
        Assert.Equal(OrchestrationRuntimeStatus.Failed, statuses["poison"]);
        Assert.Contains(cause, site.Payloads("poison")["poison"], StringComparison.Ordinal);
        Assert.All(statuses.Where(one => one.Key != "poison"), one => Assert.Equal(OrchestrationRuntimeStatus.Completed, one.Value));
    }

    [Fact]
    public async Task AFanOutKilledMidJoinGivesTheExactSum()
    {
        var width = Torture.Rounds(2_000, 10_000);
        var random = new Random(7);
        using var site = new CrashSite();
        for (var kill = 0; kill < 5; kill++)
        {
            // Five times under 300 of 2,000 or more: whichever passing it is, there is more to join.
            const string Point = EngineCrashPoints.ActivityReturned;
            using var host = HostProcess.Start(site, "sum", width, Point, random.Next(1, 300));
            await host.ExitAsync();
            Assert.True(host.HasSaid($"killed at {Point}"), host.Said);
        }

        using var last = HostProcess.Start(site, "sum", width);
        await last.ExitAsync();
        Assert.Equal($"{(long)width * (width + 1) / 2}", site.Payloads("sum")["sum"]);
    }

    [Fact]
    public async Task ATerminationSignalUnderLoadEndsInTimeAndRepeatsNothing()
    {
        var rounds = Torture.Rounds(3, 50);
        for (var (stopped, tries) = (0, 0); stopped < rounds; tries++)
        {
            Assert.True(tries < 4 * rounds, "the signal hardly ever meets work");
            using var site = new CrashSite();
            using (var host = HostProcess.Start(site, "mix", Instances))
            {
                await host.WorksAsync();
                var asked = Stopwatch.GetTimestamp();
                await host.TerminateAsync();
                await host.ExitAsync();

                // A round counts if the signal met work: some of it done, not all.
                if (host.HasSaid("stopping"))
                {
                    Assert.Equal(0, host.ExitCode);
                    Assert.True(Stopwatch.GetElapsedTime(asked) < TimeSpan.FromSeconds(30));
                    Assert.NotEmpty(site.Ledger);
                    site.Judge();
                    stopped++;
                }
            }

            await FinishAsync(site);
            Assert.Equal(site.Ledger.Count, site.Ledger.Distinct().Count());
        }
    }

    [Fact]
    public async Task ASecondProcessOnTheDirectoryEndsNamingTheFirst()
    {
        using var site = new CrashSite();
        using var first = HostProcess.Start(site, "idle", 0);
        await first.ReadyAsync();
        for (var round = 0; round < Torture.Rounds(3, 100); round++)
        {
            var asked = Stopwatch.GetTimestamp();
            using var second = HostProcess.Start(site, "idle", 0);
            await second.ExitAsync();
            Assert.Equal(3, second.ExitCode);
            Assert.Contains($"process {first.Id}", second.Said, StringComparison.Ordinal);
            Assert.True(Stopwatch.GetElapsedTime(asked) < TimeSpan.FromSeconds(5));
        }

        await first.KillAsync();
        using var heir = HostProcess.Start(site, "idle", 0);
        await heir.ReadyAsync();
        Assert.True(heir.HasSaid("ready"), heir.Said);
    }

    private static async Task FinishAsync(CrashSite site)
    {
        using var host = HostProcess.Start(site, "mix", Instances);
        await host.ExitAsync();
        Assert.True(host.HasSaid("done"), host.Said);
        Assert.Equal(0, host.ExitCode);
        var statuses = site.Judge();
        Assert.Empty(site.Violations);
        Assert.All(statuses, one => Assert.Equal(OrchestrationRuntimeStatus.Completed, one.Value));
        Assert.Equal(Instances, statuses.Keys.Count(id => id.StartsWith("mix-", StringComparison.Ordinal) && !id.Contains(':', StringComparison.Ordinal)));
        Assert.Equal(Instances * 20, site.Ledger.Distinct().Count());
    }
}
