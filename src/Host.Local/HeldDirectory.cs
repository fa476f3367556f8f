using Holdfast.Durable.Embedded;

namespace Holdfast.Host.Local;

/// <summary>A command holds the data directory for a moment: whoever finds it held tries again before it gives up.</summary>
internal static class HeldDirectory
{
    private static readonly TimeSpan TryFor = TimeSpan.FromSeconds(2.5); // the second of two hosts has 5 to end
    private static readonly TimeSpan TryAgain = TimeSpan.FromMilliseconds(100);

    /// <exception cref="DataDirectoryOwnedException">It is held all the time.</exception>
    public static async Task<T> UntilFreeAsync<T>(Func<Task<T>> open)
    {
        for (var began = TimeProvider.System.GetTimestamp(); ; await Task.Delay(TryAgain, TimeProvider.System))
        {
            try
            {
                return await open();
            }
            catch (DataDirectoryOwnedException) when (TimeProvider.System.GetElapsedTime(began) < TryFor)
            {
            }
        }
    }
}
