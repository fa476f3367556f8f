using System.Text.Json;
using Holdfast.Durable.Adapting;
using Xunit;

namespace Holdfast.Durable.Tests.Adapting;

/// <summary>
/// One instance on an engine with the habits of Durable Task: it replays the whole generation at every input, gives an event to the newest
/// waiter, hands on across continue-as-new only what reached no waiter, counts time in whole seconds and fires early.
/// </summary>
internal sealed class PaperEngine(DurableRegistry registry, string name, object? input)
{
    public static readonly DateTime Midnight = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMilliseconds(500);

    private readonly OrchestratorRegistration code = registry.Orchestrators[name];
    private readonly List<Input> inputs = [];
    private DateTime began = Midnight;
    private string given = Json.Write(InstanceEnvelope.Of(registry.Payloads.Write(input, "The input")));

    private Payloads Payloads => registry.Payloads;

    public string? Output { get; private set; }

    public Exception? Failure { get; private set; }

    public int Generations { get; private set; } = 1;

    public DateTime Now { get; private set; } = Midnight;

    /// <summary>How long before its due time a timer fires, and how late.</summary>
    public TimeSpan Early { get; init; }

    public string? CustomStatus { get; private set; }

    /// <summary>Due times of the timers that are open now.</summary>
    public IReadOnlyList<DateTime> Timers { get; private set; } = [];

    /// <summary>The envelopes of all activities, in the order in which they were asked for.</summary>
    public List<string> Activities { get; } = [];

    public PaperEngine Start()
    {
        Play(null);
        return this;
    }

    public void Raise(string name, object? payload) => Play(new Event(name, Json.Write(new RawJson(registry.Payloads.Write(payload, "An event")))));

    /// <summary>Lets the earliest timer fire.</summary>
    public void Fire()
    {
        var due = Timers.Min() - Early;
        Now = due > Now ? due : Now;
        Play(new Fired(Timers.Min()));
    }

    /// <summary>Sets the clock.</summary>
    public void Advance(TimeSpan by) => Now += by;

    private void Play(Input? next)
    {
        if (next is not null)
        {
            inputs.Add(next with { At = Now });
        }

        while (Output is null && Failure is null)
        {
            var run = new Generation(this, Json.Read<InstanceEnvelope>(given));
            var ended = run.Play(code, inputs);
            Timers = run.Timers;
            CustomStatus = run.CustomStatus;
            if (run.Asked is { } asked)
            {
                inputs.Add(new Answered(asked.Envelope.Step, Answer(asked.Name, asked.Envelope)) { At = Now });
            }
            else if (run.Next is { } another && ended is { IsCompletedSuccessfully: true })
            {
                given = Json.Write(another.Input);
                Generations++;
                began = Now;
                inputs.Clear();
                inputs.AddRange(another.Events);
            }
            else
            {
                Failure = ended?.Exception?.InnerException;
                Output = ended is { IsCompletedSuccessfully: true } ? ended.Result.ToString() : null;
                return;
            }
        }
    }

    private object Answer(string activity, ActivityEnvelope asked)
    {
        var sent = Json.Write(asked);
        Activities.Add(sent);
        try
        {
            return Json.Write(Json.Read<ActivityEnvelope>(sent).RunAsync(registry.Activities[activity], CancellationToken.None).GetAwaiter().GetResult());
        }
        catch (Exception e)
        {
            return FailureDetails.FromException(e);
        }
    }

    private abstract record Input
    {
        public DateTime At { get; init; }
    }

    private sealed record Event(string Name, string Payload) : Input;

    private sealed record Fired(DateTime Due) : Input;

    private sealed record Answered(long Step, object Result) : Input;

    private sealed class Generation(PaperEngine engine, InstanceEnvelope given) : AdaptedContext(engine.Payloads, InstanceEnvelope.Checked(given, "paper"), "paper")
    {
        private readonly Dictionary<string, Stack<TaskCompletionSource<RawJson>>> waiters = new(StringComparer.OrdinalIgnoreCase);
        private readonly List<Event> buffer = [];
        private readonly List<(DateTime Due, TaskCompletionSource Answer)> timers = [];
        private readonly List<(string Name, ActivityEnvelope Envelope, TaskCompletionSource<RawJson> Answer)> open = [];
        private DateTime now = engine.began;
        private bool isPlaying;

        public (InstanceEnvelope Input, List<Event> Events)? Next { get; private set; }

        public (string Name, ActivityEnvelope Envelope)? Asked => open is [var first, ..] ? (first.Name, first.Envelope) : null;

        public IReadOnlyList<DateTime> Timers => [.. timers.Select(timer => timer.Due)];

        public string? CustomStatus { get; private set; }

        public override string Name => engine.code.Name;

        public override string InstanceId => "paper";

        public override ParentInstance? Parent => null;

        public override string Version => "";

        public override bool IsReplaying => false;

        protected override DateTime ForeignUtcDateTime => now;

        public Task<RawJson> Play(OrchestratorRegistration code, List<Input> inputs)
        {
            var context = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null);
            isPlaying = true;
            try
            {
                var main = RunAsync(code);
                foreach (var input in inputs)
                {
                    now = input.At;
                    Meet(input);
                }

                return main;
            }
            finally
            {
                isPlaying = false;
                SynchronizationContext.SetSynchronizationContext(context);
            }
        }

        protected override bool IsInside => isPlaying;

        protected override Task<RawJson> CallForeignActivity(string name, ActivityEnvelope input)
        {
            var answer = new TaskCompletionSource<RawJson>();
            open.Add((name, input, answer));
            return answer.Task;
        }

        protected override Task<RawJson> CallForeignSubOrchestrator(long step, string name, string instanceId, InstanceEnvelope input) =>
            throw new NotSupportedException("One instance has no children.");

        protected override Task CreateForeignTimer(DateTime fireAt, CancellationToken cancellationToken)
        {
            Assert.Equal(0, fireAt.Ticks % TimeSpan.TicksPerSecond);
            var timer = (fireAt, new TaskCompletionSource());
            timers.Add(timer);
            cancellationToken.UnsafeRegister(_ =>
            {
                timers.Remove(timer);
                timer.Item2.TrySetCanceled(cancellationToken);
            }, null);
            return timer.Item2.Task;
        }

        protected override Task<RawJson> WaitForForeignEvent(string name)
        {
            var answer = new TaskCompletionSource<RawJson>();
            if (buffer.FindIndex(one => string.Equals(one.Name, name, StringComparison.OrdinalIgnoreCase)) is var at and >= 0)
            {
                answer.SetResult(Json.Read<RawJson>(buffer[at].Payload));
                buffer.RemoveAt(at);
                return answer.Task;
            }

            waiters.TryAdd(name, []);
            waiters[name].Push(answer);
            return answer.Task;
        }

        protected override void SendForeignEvent(string instanceId, string name, RawJson payload)
        {
        }

        protected override void ContinueForeignAsNew(InstanceEnvelope input, bool preserveUnprocessedEvents) =>
            Next = (input, preserveUnprocessedEvents ? [.. buffer] : []);

        protected override void SetForeignCustomStatus(RawJson status) => CustomStatus = status.Text;

        private void Meet(Input input)
        {
            switch (input)
            {
                case Event raised when Next is not null:
                    Next.Value.Events.Add(raised);
                    break;
                case Event raised when waiters.TryGetValue(raised.Name, out var stack) && stack.TryPop(out var newest):
                    newest.SetResult(Json.Read<RawJson>(raised.Payload));
                    break;
                case Event raised:
                    buffer.Add(raised);
                    break;
                case Fired fired when timers.FindIndex(timer => timer.Due == fired.Due) is var at and >= 0:
                    var timer = timers[at];
                    timers.RemoveAt(at);
                    timer.Answer.TrySetResult();
                    break;
                case Answered answered when open.FindIndex(one => one.Envelope.Step == answered.Step) is var at and >= 0:
                    var asked = open[at];
                    open.RemoveAt(at);
                    if (answered.Result is FailureDetails failure)
                    {
                        asked.Answer.SetException(new TaskFailedException(asked.Name, answered.Step, failure));
                    }
                    else
                    {
                        asked.Answer.SetResult(Json.Read<RawJson>((string)answered.Result));
                    }

                    break;
            }
        }
    }
}

/// <summary>Another engine's serializer: it knows nothing of ours.</summary>
internal static class Json
{
    public static string Write<T>(T value) => JsonSerializer.Serialize(value);

    public static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json)!;
}
