using Holdfast.Durable.Embedded.Storage;

namespace Holdfast.Durable.Embedded.Dispatch;

/// <summary>The instances in memory. One that only waits is let go after a while and comes back when something reaches it.</summary>
internal sealed class InstanceTable : IDisposable
{
    private readonly Dictionary<long, Instance> resident = [];
    private readonly Lock gate = new();
    private readonly EngineParts parts;
    private readonly ITimer sweep;

    public InstanceTable(EngineParts parts)
    {
        this.parts = parts;
        sweep = parts.Options.Time.CreateTimer(_ => LetGo(), null, parts.Options.IdleAfter, parts.Options.IdleAfter);
    }

    public int Count
    {
        get
        {
            lock (gate)
            {
                return resident.Count;
            }
        }
    }

    public void Post(long key, in Message message)
    {
        // Under the table's lock, so that no instance is let go between being found and being posted to.
        lock (gate)
        {
            if (!resident.TryGetValue(key, out var instance))
            {
                resident.Add(key, instance = new Instance(key, this, parts));
            }

            instance.Post(message);
        }
    }

    public void Forget(Instance instance)
    {
        lock (gate)
        {
            resident.Remove(instance.Key);
        }
    }

    public void Dispose() => sweep.Dispose();

    private void LetGo()
    {
        var now = parts.Options.Time.GetUtcNow().UtcTicks;
        lock (gate)
        {
            foreach (var instance in resident.Values.ToList())
            {
                if (instance.MayLeave(now))
                {
                    resident.Remove(instance.Key);
                }
            }
        }
    }
}
