using System.Diagnostics;

namespace Holdfast.Crash.Host;

/// <summary>Writes down every span of the process as it begins and as it ends, with all that is in it: what an exporter of traces would send away.</summary>
internal static class Spans
{
    /// <param name="path">The file; null for none.</param>
    public static void WriteTo(string? path)
    {
        if (string.IsNullOrEmpty(path))
        {
            return;
        }

        // Has the framework say in each what a library of an exporter would add to it.
        AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
        var gate = new Lock();
        var file = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        ActivitySource.AddActivityListener(new ActivityListener
        {
            ShouldListenTo = static _ => true,
            Sample = static (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = Write,
            ActivityStopped = Write,
        });

        void Write(Activity span)
        {
            var tags = span.TagObjects.Concat(span.Events.SelectMany(one => one.Tags)).Concat(span.Baggage.Select(one => KeyValuePair.Create(one.Key, (object?)one.Value)));
            lock (gate)
            {
                file.WriteLine($"{span.Source.Name} {span.OperationName} {span.DisplayName} {string.Join(' ', tags.Select(tag => $"{tag.Key}={tag.Value}"))}");
            }
        }
    }
}
