using Microsoft.Extensions.Logging;

namespace Holdfast.Agents.Storage;

/// <summary>Whether the database answers. Once it was found away, one probe asks for all until it is back.</summary>
/// <param name="place">Where it is, for messages.</param>
/// <param name="probe">Given why it was found away; completes if that is over.</param>
internal sealed class PostgresPresence(string place, Func<Exception, CancellationToken, Task> probe, ILogger logger, CancellationToken stopping)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan SayAgain = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private Task back = Task.CompletedTask;
    private volatile string? away;
    private long began;
    private long said;
    private bool isTold;

    /// <summary>Why it does not answer, or takes no writes; null while it does.</summary>
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

    /// <summary>Somebody found that it does not answer, or takes no writes.</summary>
    public void Lost(Exception cause)
    {
        lock (gate)
        {
            if (!back.IsCompleted || stopping.IsCancellationRequested)
            {
                return;
            }

            began = away is null ? TimeProvider.System.GetTimestamp() : began;
            away = PostgresFailure.Told(place, cause);
            if (PostgresFailure.RefusesWrites(cause))
            {
                Say();
            }

            back = Task.Run(() => ProbeAsync(cause), CancellationToken.None);
        }
    }

    private async Task ProbeAsync(Exception cause)
    {
        while (true)
        {
            try
            {
                await probe(cause, stopping);
                lock (gate)
                {
                    Return();
                }

                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                lock (gate)
                {
                    away = PostgresFailure.Told(place, e);
                    Say();
                }

                await Task.Delay(Pause, TimeProvider.System, stopping);
            }
        }
    }

    private void Say()
    {
        if (said == 0 || TimeProvider.System.GetElapsedTime(said) > SayAgain)
        {
            (said, isTold) = (TimeProvider.System.GetTimestamp(), true);
            logger.LogError("{Fact} Nothing new is accepted; what is under way waits. Start it, or mend the way to it, the sign-in, or what it is short of.", away);
        }
    }

    private void Return()
    {
        if (isTold)
        {
            logger.LogWarning("{Place} answers again after {Seconds} s. What waited goes on.", place, (int)TimeProvider.System.GetElapsedTime(began).TotalSeconds);
        }

        (away, isTold) = (null, false);
    }
}
