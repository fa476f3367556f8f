using System.Globalization;
using Holdfast.Durable;

namespace Holdfast.Agents.Engines;

/// <summary>The count of epochs that a shared engine keeps in itself: one instance for each, whose id says which.</summary>
internal sealed class EngineMarks(IOrchestrationClient engine)
{
    private const string Prefix = "holdfast-engine-";

    /// <summary>How many marks are kept: two days of them, enough to see how far apart two stores are.</summary>
    private const int Kept = 48;

    public async Task<bool> ExistsAsync(string series, long epoch) => await engine.GetInstanceAsync(IdOf(series, epoch)) is not null;

    /// <summary>Writes a mark; one that is there stays. The one before the last has served its time, and the oldest goes.</summary>
    public async Task WriteAsync(string series, long epoch)
    {
        await engine.ScheduleNewOrchestrationInstanceAsync(EngineMark.Name, Nothing.Value, new StartOrchestrationOptions(IdOf(series, epoch)));
        await EndAsync(IdOf(series, epoch - 2));
        if (epoch > Kept)
        {
            await engine.PurgeInstanceAsync(IdOf(series, epoch - Kept));
        }
    }

    /// <summary>Every mark, of whichever store: asked for only where the two stores are new to each other, or do not fit.</summary>
    public async Task<IReadOnlyList<(string Series, long Epoch)>> ListAsync()
    {
        List<(string, long)> marks = [];
        await foreach (var instance in engine.GetAllInstancesAsync(new OrchestrationQuery(InstanceIdPrefix: Prefix)))
        {
            if (instance.InstanceId[Prefix.Length..].Split('-') is [var series, var number] && long.TryParse(number, CultureInfo.InvariantCulture, out var epoch))
            {
                marks.Add((series, epoch));
            }
        }

        return marks;
    }

    private async Task EndAsync(string mark)
    {
        try
        {
            await engine.RaiseEventAsync(mark, EngineMark.Over, Nothing.Value);
        }
        catch (Exception e) when (e is InstanceNotFoundException or InstanceEndedException)
        {
            // It is over already.
        }
    }

    private static string IdOf(string series, long epoch) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{series}-{epoch}");
}
