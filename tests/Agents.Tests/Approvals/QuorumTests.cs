using FsCheck;
using FsCheck.Fluent;
using Holdfast.Agents.Approvals;
using Holdfast.Agents.Definitions;
using Xunit;

namespace Holdfast.Agents.Tests.Approvals;

public sealed class QuorumTests
{
    private static readonly ApprovalStage Manager = new(["m"]);
    private static readonly ApprovalStage Finance = new(["f"]);

    [Fact]
    public void OnePersonFillsOneSeatOfARule() => Assert.Equal([1, 0], Count([Manager, Finance], "mf"));

    [Fact]
    public void OnePersonFillsOneSeatOfEveryRule() => Assert.Equal([1, 1], Count([Manager, Finance with { Rule = 1 }], "mf"));

    [Fact]
    public void WhoSitsMovesUpToMakeRoom() => Assert.Equal([1, 1], Count([Manager, Finance], "mf", "m"));

    [Fact]
    public void AStageIsNeverMoreThanFull() => Assert.Equal([2], Count([Manager with { Of = 2 }], "m", "m", "m"));

    [Fact]
    public void ALaterStageMayBeFilledBeforeTheCurrentOne()
    {
        var counts = Count([Manager, Finance], "f");
        Assert.Equal([0, 1], counts);
        Assert.Equal(0, Quorum.Current([Manager, Finance], counts));
    }

    [Fact]
    public void AllAreFullOnlyIfPeopleCanBeSeatedSo() => Prop.ForAll(
        Gen.Elements("m", "f", "mf").ListOf().ToArbitrary(), Gen.Elements(1, 2).Two().ToArbitrary(), (people, of) =>
        {
            ApprovalStage[] stages = [Manager with { Of = of.Item1 }, Finance with { Of = of.Item2 }];
            var isFull = Quorum.Current(stages, Count(stages, [.. people])) == 2;
            int both = people.Count(p => p == "mf"), m = people.Count(p => p == "m"), f = people.Count(p => p == "f");
            return isFull == (Math.Max(0, of.Item1 - m) + Math.Max(0, of.Item2 - f) <= both);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static IReadOnlyList<int> Count(ApprovalStage[] stages, params string[] people) =>
        Quorum.Count(stages, people, (person, stage) => person.Contains(stage.By[0], StringComparison.Ordinal));
}
