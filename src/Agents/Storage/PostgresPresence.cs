using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Storage;

/// <summary>Whether the database answers. Once it was found away, one probe asks for all until it is back.</summary>
/// <param name="place">Where it is, for messages.</param>
/// <param name="probe">Completes if it answers.</param>
internal sealed class PostgresPresence(string place, Func<CancellationToken, Task> probe, ILogger logger, CancellationToken stopping)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private Task back = Task.CompletedTask;
    private volatile string? away;

    /// <summary>Why it does not answer; null while it does.</summary>
    public string? Away => away;

    /// <summary>Completes when it answers again.</summary>
    public Task Back
    {
        get
        {
            lock (gate)
            {
                return back;
            }
        }
    }

    /// <summary>Somebody found that it does not answer.</summary>
    public void Lost(Exception cause)
    {
        lock (gate)
        {
            if (back.IsCompleted && !stopping.IsCancellationRequested)
            {
                away = $"{place} does not answer: {cause.Message}";
                back = Task.Run(ProbeAsync, CancellationToken.None);
            }
        }
    }

    private async Task ProbeAsync()
    {
        var (began, said) = (TimeProvider.System.GetTimestamp(), 0L);
        while (true)
        {
            try
            {
                await probe(stopping);
                away = null;
                if (said != 0)
                {
                    logger.LogWarning("{Place} answers again after {Seconds} s. What waited goes on.", place, (int)TimeProvider.System.GetElapsedTime(began).TotalSeconds);
                }

                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                away = $"{place} does not answer: {e.Message}";
                if (said == 0 || TimeProvider.System.GetElapsedTime(said) > SayAgain)
                {
                    said = TimeProvider.System.GetTimestamp();
                    logger.LogError("{Fact} Nothing new is accepted; what is under way waits. Start it, or mend the way to it.", away);
                }

                await Task.Delay(Pause, TimeProvider.System, stopping);
            }
        }
    }
}
